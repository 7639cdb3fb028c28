/**
 * The port over HTTP: which method and path each call is, and what its answer must be.
 *
 * A read whose answer is not what was asked for is no answer. Of a write it is known that the server
 * took it, and not what became of it: `Unknown`.
 */

import type { Clock, Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { VERSION } from "#runtime/version.ts";
import type { Answered, ApiError, DeleteOptions, KubeApi, ListQuery, WatchQuery } from "../api.ts";
import type { RequestMetrics } from "../metrics.ts";
import type { KubeObject, Manifest, ObjectKey } from "../object.ts";
import { collectionPath, objectPath } from "../resource.ts";
import { parseObject, parsePage, parseStored, parseWritten } from "./bodies.ts";
import { createCaller, type Ask, type Caller } from "./caller.ts";
import type { Connection } from "./connection.ts";
import { lost } from "./errors.ts";
import { eventsOf } from "./watch-events.ts";

export type HttpApiDeps = {
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly metrics: Pick<RequestMetrics, "countRequest">;
};

export type HttpApiOptions = {
  /** Which process asks, for the server's log. */
  readonly component: string;
  /** For each call; for a watch, until the server has accepted it. */
  readonly timeoutMs?: number;
  /** A list of ten thousand is some 30 MB. */
  readonly bodyBytesMax?: number;
};

const TIMEOUT_MS = 15_000;
const BODY_BYTES_MAX = 64 * 1024 * 1024;

export const createHttpApi = (
  deps: HttpApiDeps,
  connection: Connection,
  options: HttpApiOptions,
): KubeApi => {
  const caller = createCaller(deps, connection, {
    userAgent: `scalp-radar/${VERSION} (${options.component})`,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    bodyBytesMax: options.bodyBytesMax ?? BODY_BYTES_MAX,
  });
  const write = createWrite(caller);
  return {
    get: async (resource, key) => {
      const path = objectPath(resource, key);
      const answer = await caller.call({ access: "Read", method: "GET", path });
      return understood("Read", answer, (text) => parseStored(text, resource));
    },
    list: async (resource, query) => {
      const path = `${collectionPath(resource, query.namespace)}${toQuery(listParameters(query))}`;
      const answer = await caller.call({ access: "Read", method: "GET", path });
      return understood("Read", answer, (text) => parsePage(text, resource));
    },
    watch: async (resource, query, signal) => {
      const path = `${collectionPath(resource, query.namespace)}${toQuery(watchParameters(query))}`;
      const opened = await caller.open({ access: "Read", method: "GET", path }, signal);
      return opened.ok ? ok(eventsOf(opened.value, resource)) : opened;
    },
    create: (resource, manifest, { fieldManager }) =>
      write("POST", collectionPath(resource, manifest.metadata.namespace), {
        body: manifest,
        query: { fieldManager },
      }),
    apply: (resource, manifest, { fieldManager, force, subresource }) =>
      write("PATCH", objectPath(resource, keyIn(manifest), subresource), {
        // JSON is YAML.
        type: "application/apply-patch+yaml",
        body: manifest,
        query: { fieldManager, force },
      }),
    replace: (resource, manifest, { fieldManager, subresource } = {}) =>
      write("PUT", objectPath(resource, keyIn(manifest), subresource), {
        body: manifest,
        query: { fieldManager },
      }),
    patchJson: (resource, key, operations, { fieldManager, subresource } = {}) =>
      write("PATCH", objectPath(resource, key, subresource), {
        type: "application/json-patch+json",
        body: operations,
        query: { fieldManager },
      }),
    patchMerge: (resource, key, patch, { fieldManager, subresource } = {}) =>
      write("PATCH", objectPath(resource, key, subresource), {
        type: "application/merge-patch+json",
        body: patch,
        query: { fieldManager },
      }),
    remove: async (resource, key, removal) => {
      const path = objectPath(resource, key);
      const body = { type: "application/json", text: JSON.stringify(deletion(removal)) };
      const answer = await caller.call({ access: "Write", method: "DELETE", path, body });
      // A Status when it is gone, the object itself while somebody's finalizer holds it.
      const removed = understood("Write", answer, parseObject);
      return removed.ok ? ok(undefined) : removed;
    },
  };
};

type Writing = {
  readonly type?: string;
  readonly body: unknown;
  readonly query: Parameters;
};

const createWrite =
  (caller: Caller) =>
  async (
    method: Ask["method"],
    path: string,
    { type = "application/json", body, query }: Writing,
  ): Answered<KubeObject> => {
    const answer = await caller.call({
      access: "Write",
      method,
      path: `${path}${toQuery(query)}`,
      body: { type, text: JSON.stringify(body) },
    });
    return understood("Write", answer, parseWritten);
  };

const understood = <T>(
  access: Ask["access"],
  answer: Result<string, ApiError>,
  parse: (text: string) => T | undefined,
): Result<T, ApiError> => {
  if (!answer.ok) return answer;
  const value = parse(answer.value);
  if (value !== undefined) return ok(value);
  return err(lost(access, "the server answered with something that is not what was asked for"));
};

const keyIn = ({ metadata }: Manifest): ObjectKey => ({
  namespace: metadata.namespace ?? "",
  name: metadata.name,
});

const deletion = ({ uid, resourceVersion, propagation }: DeleteOptions) => ({
  apiVersion: "v1",
  kind: "DeleteOptions",
  preconditions: { uid, resourceVersion },
  propagationPolicy: propagation,
});

type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

const listParameters = (query: ListQuery): Parameters => ({
  labelSelector: query.labelSelector,
  fieldSelector: query.fieldSelector,
  limit: query.limit,
  continue: query.continue,
  resourceVersion: query.resourceVersion,
});

const watchParameters = (query: WatchQuery): Parameters => ({
  watch: true,
  // Without them a quiet resource's version grows too old to go on from.
  allowWatchBookmarks: true,
  labelSelector: query.labelSelector,
  fieldSelector: query.fieldSelector,
  timeoutSeconds: query.timeoutSeconds,
  resourceVersion: query.resourceVersion,
  ...(query.sendInitialEvents === true
    ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
    : {}),
});

const toQuery = (parameters: Parameters): string => {
  let query = "";
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    query += `${query === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`;
  }
  return query;
};
