/** The contract of lists and watches. */

import { deepEqual, equal, notEqual } from "node:assert/strict";
import type { KubeApi, WatchEvent, WatchQuery } from "../api.ts";
import type { KubeObject } from "../object.ts";
import { configMaps } from "../resource.ts";
import { createMap, kind, value, type ContractCase } from "./contract-words.ts";

export const readCases: ReadonlyArray<ContractCase> = [
  {
    name: "a list is of one namespace, of what is selected, in pages of one version",
    run: async (api, namespace) => {
      const names = ["a", "b", "c", "d", "e"];
      for (const name of names) {
        await createMap(api, namespace, name, {
          metadata: { labels: { odd: String(name !== "b") } },
        });
      }
      const namesOf = (items: ReadonlyArray<KubeObject>) =>
        items.map(({ metadata }) => metadata.name);
      const all = value(await api.list(configMaps, { namespace }));
      deepEqual(namesOf(all.items), names);
      equal(all.continue, undefined);
      const selected = value(await api.list(configMaps, { namespace, labelSelector: "odd=true" }));
      deepEqual(namesOf(selected.items), ["a", "c", "d", "e"]);
      const fieldSelector = "metadata.name=c";
      deepEqual(namesOf(value(await api.list(configMaps, { namespace, fieldSelector })).items), [
        "c",
      ]);

      const first = value(await api.list(configMaps, { namespace, limit: 2 }));
      deepEqual(namesOf(first.items), ["a", "b"]);
      await createMap(api, namespace, "bb");
      const paged = [...namesOf(first.items)];
      let next = first.continue;
      while (next !== undefined) {
        const page = value(await api.list(configMaps, { namespace, limit: 2, continue: next }));
        equal(page.resourceVersion, first.resourceVersion);
        paged.push(...namesOf(page.items));
        next = page.continue;
      }
      deepEqual(paged, names);
    },
  },
  {
    name: "a watch goes on from the version of a list, and shows every change once and in order",
    run: async (api, namespace) => {
      const key = { namespace, name: "a" };
      await createMap(api, namespace, "before");
      const { resourceVersion } = value(await api.list(configMaps, { namespace }));
      const made = await createMap(api, namespace, "a", { data: { turn: "1" } });
      const watch = await openWatch(api, { namespace, resourceVersion });
      const next = value(await api.patchMerge(configMaps, key, { data: { turn: "2" } }));
      value(await api.remove(configMaps, key, { uid: made.metadata.uid }));
      const [added, modified, deleted] = await watch.take(3);
      deepEqual(shape(added), ["ADDED", "a", { turn: "1" }]);
      deepEqual(shape(modified), ["MODIFIED", "a", { turn: "2" }]);
      deepEqual(shape(deleted), ["DELETED", "a", { turn: "2" }]);
      equal(versionOf(added), made.metadata.resourceVersion);
      equal(versionOf(modified), next.metadata.resourceVersion);
      notEqual(versionOf(deleted), next.metadata.resourceVersion);
      await watch.close();
    },
  },
  {
    name: "a watch that asks for the initial events gets all, a bookmark, and then the changes",
    run: async (api, namespace) => {
      await createMap(api, namespace, "a");
      await createMap(api, namespace, "b");
      const watch = await openWatch(api, { namespace, sendInitialEvents: true });
      const events = await watch.take(3);
      deepEqual(
        events.slice(0, 2).map((event) => shape(event).slice(0, 2)),
        [
          ["ADDED", "a"],
          ["ADDED", "b"],
        ],
      );
      const last = events[2];
      equal(last?.type === "BOOKMARK" && last.initialEventsEnd, true);
      await createMap(api, namespace, "c");
      deepEqual(
        (await watch.take(1)).map((event) => shape(event).slice(0, 2)),
        [["ADDED", "c"]],
      );
      await watch.close();
    },
  },
  {
    name: "to a watch that selects, what comes to be selected is added, and what no longer is, deleted",
    run: async (api, namespace) => {
      const key = { namespace, name: "a" };
      await createMap(api, namespace, "a");
      const watch = await openWatch(api, {
        namespace,
        labelSelector: "on=yes",
        sendInitialEvents: true,
      });
      equal((await watch.take(1))[0]?.type, "BOOKMARK");
      for (const on of ["yes", "yes", "no", "no"]) {
        value(await api.patchMerge(configMaps, key, { metadata: { labels: { on } } }));
      }
      value(
        await api.patchMerge(configMaps, key, {
          metadata: { labels: { on: "yes" } },
          data: { a: "1" },
        }),
      );
      value(await api.patchMerge(configMaps, key, { data: { a: "2" } }));
      const events = await watch.take(4);
      deepEqual(
        events.map(({ type }) => type),
        ["ADDED", "DELETED", "ADDED", "MODIFIED"],
      );
      await watch.close();
    },
  },
  {
    name: "a watch without a version gets the initial events too",
    run: async (api, namespace) => {
      await createMap(api, namespace, "a");
      for (const query of [{}, { resourceVersion: "0" }]) {
        const watch = await openWatch(api, { namespace, ...query });
        const [added, bookmark] = await watch.take(2);
        deepEqual(shape(added).slice(0, 2), ["ADDED", "a"]);
        equal(bookmark?.type === "BOOKMARK" && bookmark.initialEventsEnd, true);
        await watch.close();
      }
    },
  },
  {
    name: "a watch ends in order when its time is over",
    run: async (api, namespace) => {
      const { resourceVersion } = value(await api.list(configMaps, { namespace }));
      const watch = await openWatch(api, { namespace, resourceVersion, timeoutSeconds: 1 });
      deepEqual(await watch.take(1), []);
    },
  },
  {
    name: "a version from the future has expired, for lists and for watches",
    run: async (api, namespace) => {
      const { resourceVersion: now } = value(await api.list(configMaps, { namespace }));
      const resourceVersion = String(Number(now) + 1_000_000);
      equal(kind(await api.list(configMaps, { namespace, resourceVersion })), "Expired");
    },
  },
];

type Watching = {
  /** Fewer where the watch ends before. */
  readonly take: (count: number) => Promise<ReadonlyArray<WatchEvent>>;
  readonly close: () => Promise<void>;
};

const openWatch = async (
  api: KubeApi,
  query: Partial<WatchQuery> & { readonly namespace: string },
): Promise<Watching> => {
  const stop = new AbortController();
  const opened = await api.watch(configMaps, { timeoutSeconds: 60, ...query }, stop.signal);
  const events = value(opened)[Symbol.asyncIterator]();
  return {
    take: async (count) => {
      const taken: WatchEvent[] = [];
      while (taken.length < count) {
        const next = await events.next();
        if (next.done === true) break;
        taken.push(next.value);
      }
      return taken;
    },
    close: async () => {
      stop.abort();
      await events.return?.();
    },
  };
};

const shape = (event: WatchEvent | undefined): ReadonlyArray<unknown> =>
  event !== undefined && "object" in event
    ? [event.type, event.object.metadata.name, event.object["data"]]
    : [event?.type];

const versionOf = (event: WatchEvent | undefined): string | undefined =>
  event !== undefined && "object" in event ? event.object.metadata.resourceVersion : undefined;
