/**
 * The API server as a port: what may be asked of it, and what its answers mean to the caller.
 *
 * `http/` speaks to a real one; a simulated one is the second implementation. An error is a member
 * of a union by what the caller can do about it. A write whose answer never came is `Unknown`: it may
 * have been done, so the caller looks again and never takes it for undone.
 */

import type { Result } from "#base/result.ts";
import type { KubeObject, Manifest, ObjectKey } from "./object.ts";
import type { Resource } from "./resource.ts";

export type ApiError =
  | { readonly kind: "NotFound"; readonly message: string }
  /** Somebody was first: another version, another uid, or the name is taken. Look again. */
  | { readonly kind: "Conflict"; readonly message: string }
  /** The server refuses what the object says; repeating it changes nothing. 400, 413, 422. */
  | { readonly kind: "Invalid"; readonly message: string }
  /** 401 and 403: heals only when a person changes what we may do. */
  | { readonly kind: "Forbidden"; readonly message: string }
  /** 410: the version that a watch or a list wanted to go on from is gone. List again. */
  | { readonly kind: "Expired"; readonly message: string }
  /** 429, and nothing was done. */
  | { readonly kind: "TooManyRequests"; readonly message: string; readonly retryAfterMs: number }
  /** A read that got no usable answer, or a write that certainly did not reach the server. */
  | { readonly kind: "Unavailable"; readonly message: string; readonly retryAfterMs?: number }
  /** A write that may or may not have been done. */
  | { readonly kind: "Unknown"; readonly message: string };

export type Answered<T> = Promise<Result<T, ApiError>>;

export type Page = {
  readonly items: ReadonlyArray<KubeObject>;
  readonly resourceVersion: string;
  /** Present while there is more. */
  readonly continue: string | undefined;
};

export type Selection = {
  /** All namespaces where absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
};

export type ListQuery = Selection & {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
};

export type WatchQuery = Selection & {
  readonly resourceVersion?: string;
  /** Asks for everything that exists first, then a bookmark that says so (watch-list). */
  readonly sendInitialEvents?: boolean;
  /** After which the server ends the stream in order. */
  readonly timeoutSeconds: number;
};

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  | {
      readonly type: "BOOKMARK";
      readonly resourceVersion: string;
      /** The bookmark that ends the initial events of a watch-list. */
      readonly initialEventsEnd: boolean;
    }
  | { readonly type: "ERROR"; readonly error: ApiError };

/** RFC 6902. */
export type JsonPatch = ReadonlyArray<
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
>;

export type WriteOptions = { readonly subresource?: string };
export type ApplyOptions = WriteOptions & {
  readonly fieldManager: string;
  readonly force: boolean;
};
/** A stale view must not delete what took the name meanwhile. */
export type DeleteOptions = {
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Foreground" | "Background" | "Orphan";
};

export type KubeApi = {
  readonly get: (resource: Resource, key: ObjectKey) => Answered<KubeObject>;
  readonly list: (resource: Resource, query: ListQuery) => Answered<Page>;
  /**
   * Resolves once the server has accepted, or with the reason why not. The stream ends without an
   * error when the server ends it, throws when the connection breaks, and stops on the signal.
   */
  readonly watch: (
    resource: Resource,
    query: WatchQuery,
    signal: AbortSignal,
  ) => Answered<AsyncIterable<WatchEvent>>;
  readonly create: (
    resource: Resource,
    manifest: Manifest,
    options: { readonly fieldManager: string },
  ) => Answered<KubeObject>;
  /** Server-side apply. */
  readonly apply: (
    resource: Resource,
    manifest: Manifest,
    options: ApplyOptions,
  ) => Answered<KubeObject>;
  /** PUT, guarded by the manifest's resourceVersion. */
  readonly replace: (
    resource: Resource,
    manifest: Manifest,
    options?: WriteOptions & { readonly fieldManager?: string },
  ) => Answered<KubeObject>;
  readonly patchJson: (
    resource: Resource,
    key: ObjectKey,
    operations: JsonPatch,
    options?: WriteOptions & { readonly fieldManager?: string },
  ) => Answered<KubeObject>;
  /** RFC 7386. */
  readonly patchMerge: (
    resource: Resource,
    key: ObjectKey,
    patch: Readonly<Record<string, unknown>>,
    options?: WriteOptions & { readonly fieldManager?: string },
  ) => Answered<KubeObject>;
  /** Gone already counts as done: `NotFound` is for the caller to shrug at. */
  readonly remove: (
    resource: Resource,
    key: ObjectKey,
    options: DeleteOptions,
  ) => Answered<undefined>;
};
