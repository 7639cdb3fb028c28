/** The recorder and a real API server: its limits are the real ones, and kubectl shows what we say. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import type { EventWords, Regarding } from "#kubernetes/event-object.ts";
import { createEventRecorder, type EventRecorder } from "#kubernetes/event-recorder.ts";
import { systemClock } from "#runtime/clock.ts";
import { systemRandom } from "#runtime/random.ts";
import { startClientWorld, type ClientWorld } from "./client-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 120_000;

let world: ClientWorld;
beforeAll(async () => {
  world = await startClientWorld();
}, 45 * 60_000);
afterAll(() => world.close(), TIMEOUT_MS);

type Recording = {
  readonly recorder: EventRecorder;
  readonly lines: ReadonlyArray<{ readonly message: string | undefined }>;
  /** Writes what is due, and ends. */
  readonly finish: () => Promise<void>;
};

const record = (api = world.api, instance = "operator-7d9f-abcde"): Recording => {
  const lines: { readonly message: string | undefined }[] = [];
  const recorder = createEventRecorder(
    {
      api,
      clock: systemClock,
      timers: systemClock,
      random: systemRandom,
      log: { warn: (data: object, message?: string) => void lines.push({ ...data, message }) },
    },
    { controller: "scalpradar.io/operator", instance },
  );
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  return {
    recorder,
    lines,
    finish: async () => {
      stop.abort();
      await running;
    },
  };
};

const words: EventWords = {
  type: "Warning",
  reason: "Unprotected",
  action: "CloseAtMarket",
  note: "A stop is missing on the exchange.",
};

const about = async (name: string): Promise<Regarding> => world.create(name);

const list = z.object({
  items: z.array(
    z.looseObject({
      regarding: z.looseObject({ uid: z.string().optional() }),
      series: z.object({ count: z.number(), lastObservedTime: z.string() }).optional(),
    }),
  ),
});

const storedAbout = async ({ metadata: { uid, namespace = "default" } }: Regarding) => {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  const { items } = list.parse((await world.plane.call("GET", path)).body);
  return items.filter(({ regarding }) => regarding.uid === uid);
};

test(
  "kubectl events and kubectl describe show what was recorded, repeats as one",
  async () => {
    const { recorder, lines, finish } = record();
    const regarding = await about("shown");
    recorder.record(regarding, words);
    await until("it is there", async () => (await storedAbout(regarding)).length === 1);
    recorder.record(regarding, words);
    await until(
      "it is a series",
      async () => (await storedAbout(regarding))[0]?.series !== undefined,
    );
    recorder.record(regarding, {
      ...words,
      type: "Normal",
      reason: "Protected",
      note: "It is back.",
    });
    await finish();

    const events = await world.plane.kubectl(["events", "--for=configmap/shown"]);
    expect(events).toMatchObject({ code: 0, stderr: "" });
    expect(events.stdout).toMatch(
      /\(x2 over \S+\)\s+Warning\s+Unprotected\s+ConfigMap\/shown\s+A stop is missing on the exchange\./,
    );
    expect(events.stdout).toMatch(/Normal\s+Protected\s+ConfigMap\/shown\s+It is back\./);

    const described = await world.plane.kubectl(["describe", "configmap", "shown"]);
    expect(described.stdout).toMatch(
      /Warning\s+Unprotected\s+.*scalpradar\.io\/operator.*\s+A stop is missing on the exchange\./,
    );
    expect(described.stdout).toMatch(/Normal\s+Protected\s+.*It is back\./);
    expect(lines).toEqual([]);
  },
  TIMEOUT_MS,
);

test.each<[string, Partial<EventWords>]>([
  ["a note of 1,024 bytes", { note: "x".repeat(1_024) }],
  ["a note that is too long", { note: "x".repeat(5_000) }],
  ["a note that is too long in other letters", { note: "é".repeat(600) }],
  ["a note of signs of four bytes", { note: "🚨".repeat(300) }],
  ["an empty note", { note: "" }],
  ["a reason that is too long", { reason: "R".repeat(300) }],
  ["an action that is too long", { action: "A".repeat(300) }],
  [
    "a related object",
    { related: { apiVersion: "v1", kind: "Node", metadata: { name: "n", uid: "u" } } },
  ],
])(
  "the server takes %s",
  async (what, change) => {
    const { recorder, lines, finish } = record();
    const regarding = await about(`takes-${what.replaceAll(/[^a-z]+/g, "-")}`);
    recorder.record(regarding, { ...words, ...change });
    await finish();
    expect(lines).toEqual([]);
    expect(await storedAbout(regarding)).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  "the server takes a series that was counted before the first write",
  async () => {
    const { recorder, lines, finish } = record();
    const regarding = await about("series");
    for (let round = 0; round < 5; round += 1) recorder.record(regarding, words);
    await finish();
    expect(lines).toEqual([]);
    expect((await storedAbout(regarding))[0]?.series).toMatchObject({ count: 5 });
  },
  TIMEOUT_MS,
);

test(
  "the server takes events about what is called in its own way, and about the whole cluster",
  async () => {
    const { recorder, lines, finish } = record(world.api, "i".repeat(300));
    const role = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { namespace: "default", name: "system:Some_Role", uid: "role-1" },
    };
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "node-1", uid: "node-1" } };
    const long = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        namespace: "default",
        name: `${"x".repeat(125)}.${"y".repeat(126)}`,
        uid: "long-1",
      },
    };
    for (const regarding of [role, node, long]) recorder.record(regarding, words);
    await finish();
    expect(lines).toEqual([]);
    for (const regarding of [role, node, long]) {
      expect(await storedAbout(regarding)).toMatchObject([
        { regarding: { name: regarding.metadata.name }, reportingInstance: "i".repeat(128) },
      ]);
    }
  },
  TIMEOUT_MS,
);

test(
  "the limits are the server's: it refuses one byte more, and times of three digits",
  async () => {
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "raw" },
      eventTime: "2026-11-21T12:00:00.000000Z",
      reportingController: "scalpradar.io/operator",
      reportingInstance: "operator-0",
      ...words,
      regarding: { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "a" },
    };
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    const statusOf = async (change: object) =>
      (await world.plane.call("POST", path, { ...event, ...change })).status;
    expect(await statusOf({ note: "x".repeat(1_025) })).toBe(422);
    expect(await statusOf({ reason: "R".repeat(129) })).toBe(422);
    expect(await statusOf({ action: "A".repeat(129) })).toBe(422);
    expect(await statusOf({ action: "" })).toBe(422);
    expect(await statusOf({ reportingInstance: "i".repeat(129) })).toBe(422);
    expect(await statusOf({ reportingController: "not qualified" })).toBe(422);
    expect(await statusOf({ series: { count: 1, lastObservedTime: event.eventTime } })).toBe(422);
    expect(await statusOf({ eventTime: "2026-11-21T12:00:00.000Z" })).toBe(400);
    expect(await statusOf({})).toBe(201);
  },
  TIMEOUT_MS,
);

test(
  "who may not write events says so once, and the server is asked no more",
  async () => {
    const { plane, server, open } = world;
    await plane.kubectl(["create", "serviceaccount", "silent"]);
    const token = (await plane.kubectl(["create", "token", "silent"])).stdout.trim();
    const authorization = async () => ({ ok: true as const, value: `Bearer ${token}` });
    const { api } = open({ ...server, credentials: { authorization } });
    const { recorder, lines, finish } = record(api);
    const regarding = await about("silent");
    recorder.record(regarding, words);
    await until("the log says so", () => lines.length > 0);
    recorder.record(regarding, { ...words, note: "another" });
    await finish();
    expect(lines.map(({ message }) => message)).toEqual([
      "events may not be written here and are not recorded",
    ]);
    // Lines come in the order of the answers, so those before this one are there with it.
    const path = "/api/v1/namespaces/default/configmaps/silent";
    await plane.call("GET", path);
    await until("the log has it", () =>
      plane.audit().some(({ requestURI }) => requestURI === path),
    );
    const attempts = plane
      .audit()
      .filter(({ user, verb }) => user.endsWith(":silent") && verb === "create");
    expect(attempts).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  "a namespace that is being deleted takes no events, which turns nothing off",
  async () => {
    const { plane } = world;
    await plane.kubectl(["create", "namespace", "ending"]);
    // Nobody finishes it: no controller runs.
    await plane.kubectl(["delete", "namespace", "ending", "--wait=false"]);
    const { recorder, lines, finish } = record();
    const metadata = { namespace: "ending", name: "a", uid: "ending-1" };
    recorder.record({ apiVersion: "v1", kind: "ConfigMap", metadata }, words);
    const refused = () =>
      plane
        .audit()
        .some(
          ({ namespace, resource, code }) =>
            namespace === "ending" && resource === "events" && code === 403,
        );
    await until("it was refused", refused);
    const regarding = await about("after-ending");
    recorder.record(regarding, words);
    await finish();
    expect(lines).toEqual([]);
    expect(await storedAbout(regarding)).toHaveLength(1);
  },
  TIMEOUT_MS,
);
