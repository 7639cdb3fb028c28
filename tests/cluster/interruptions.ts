/**
 * Ends an operator, or cheats it of an answer, at one write of its choice: stands between the operator
 * and its client and counts.
 *
 * One that has ended reaches the server no more, whatever it still tries. Writes are counted when they
 * are begun, so what is begun at the same time as the chosen one has not been sent either, and every
 * prefix of what an operator does is left behind by some number.
 */

import { err } from "#base/result.ts";
import type { Answered, ApiError, KubeApi } from "#kubernetes/api.ts";
import type { ObjectKey } from "#kubernetes/object.ts";
import type { Resource } from "#kubernetes/resource.ts";

export type Interruption =
  /** It ends, and the write has not been sent. */
  | "before the write"
  /** It ends, and the server has done the write. */
  | "after the write"
  /** It goes on, and knows nothing of a write that was done. */
  | "answer lost"
  /** It goes on, and knows nothing of a write that never arrived. */
  | "request lost";

export const interruptions: ReadonlyArray<Interruption> = [
  "before the write",
  "after the write",
  "answer lost",
  "request lost",
];

export const isEnd = (how: Interruption): boolean => how.endsWith("the write");

export type Write = { readonly resource: Resource; readonly key: ObjectKey; readonly verb: string };

export type Interrupter = {
  readonly around: (api: KubeApi) => KubeApi;
  /** From now on writes count, beginning with 1. */
  readonly arm: () => void;
  /** Those since it was armed; throws what went wrong with `onWrite`. */
  readonly writes: () => ReadonlyArray<Write>;
  /** Whether the chosen write was reached. */
  readonly isDone: () => boolean;
};

export type Plan = {
  /** Which write is the chosen one. */
  readonly at: number;
  /** Nothing happens to the write itself where absent. */
  readonly how?: Interruption;
  /** What happens before each write, beginning with number 1, goes on its way. */
  readonly onWrite?: (write: Write, number: number) => Promise<void>;
};

const gone = err<ApiError>({ kind: "Unavailable", message: "this operator has ended" });
const unanswered = err<ApiError>({ kind: "Unknown", message: "the answer was lost" });

export const createInterrupter = ({ at, how, onWrite }: Plan): Interrupter => {
  const writes: Write[] = [];
  const failures: unknown[] = [];
  let isArmed = false;
  let isOver = false;

  /** Decided in the instant of the call. */
  const pass = <T>(write: Write, send: () => Answered<T>): Answered<T> => {
    if (isOver) return Promise.resolve(gone);
    if (!isArmed) return send();
    writes.push(write);
    const number = writes.length;
    if (number === at) isOver = how !== undefined && isEnd(how);
    return undertake(write, number, send);
  };

  const undertake = async <T>(write: Write, number: number, send: () => Answered<T>) => {
    await onWrite?.(write, number).catch((failure: unknown) => failures.push(failure));
    if (number !== at || how === undefined) return send();
    if (how === "before the write") return gone;
    if (how === "request lost") return unanswered;
    const done = await send();
    if (!done.ok) failures.push(new Error(`${write.verb}: ${done.error.message}`));
    return how === "after the write" ? gone : unanswered;
  };

  return {
    around: (api) => ({
      ...intercepted(api, pass),
      get: (...all) => (isOver ? Promise.resolve(gone) : api.get(...all)),
      list: (...all) => (isOver ? Promise.resolve(gone) : api.list(...all)),
      watch: (...all) => (isOver ? Promise.resolve(gone) : api.watch(...all)),
    }),
    arm: () => {
      isArmed = true;
    },
    writes: () => {
      // The operator would take it for a fault of the server's, and cope.
      if (failures.length > 0) throw failures[0];
      return [...writes];
    },
    isDone: () => writes.length >= at,
  };
};

type Pass = <T>(write: Write, send: () => Answered<T>) => Answered<T>;

/** Every write goes through `pass`. */
const intercepted = (api: KubeApi, pass: Pass) => {
  const keyIn = ({ metadata }: { readonly metadata: Partial<ObjectKey> }): ObjectKey => ({
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
  });
  return {
    create: (resource, manifest, options) =>
      pass({ resource, key: keyIn(manifest), verb: "create" }, () =>
        api.create(resource, manifest, options),
      ),
    apply: (resource, manifest, options) =>
      pass({ resource, key: keyIn(manifest), verb: "apply" }, () =>
        api.apply(resource, manifest, options),
      ),
    replace: (resource, manifest, options) =>
      pass({ resource, key: keyIn(manifest), verb: "replace" }, () =>
        api.replace(resource, manifest, options),
      ),
    patchJson: (resource, key, operations, options) =>
      pass({ resource, key, verb: "patch" }, () =>
        api.patchJson(resource, key, operations, options),
      ),
    patchMerge: (resource, key, patch, options) =>
      pass({ resource, key, verb: options?.subresource ?? "patch" }, () =>
        api.patchMerge(resource, key, patch, options),
      ),
    remove: (resource, key, options) =>
      pass({ resource, key, verb: "remove" }, () => api.remove(resource, key, options)),
  } satisfies Partial<KubeApi>;
};
