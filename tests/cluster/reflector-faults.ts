/** Everything that is done to the way between a reflector and a real server, each for a moment. */

import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Trouble } from "./fault-front.ts";
import { COLLECTION, type ReflectorWorld } from "./reflector-world.ts";

/** From whoever follows to the server. */
export type Way = Pick<ReflectorWorld, "plane" | "proxy" | "front">;

/** `dial` in [0, 1) says how long or how much. */
export type Fault = (way: Way, dial: number) => Promise<void>;

const wait = (ms: number): Promise<void> => sleep(systemClock, ms);

export const overloaded: Trouble = {
  code: 429,
  reason: "TooManyRequests",
  message: "storage is (re)initializing",
  retryAfterSeconds: 1,
};
export const broken: Trouble = {
  code: 500,
  reason: "InternalError",
  message: "etcdserver: no leader",
};
export const unavailable: Trouble = {
  code: 503,
  reason: "ServiceUnavailable",
  message: "apiserver not ready",
};
export const gone: Trouble = { code: 410, reason: "Expired", message: "too old resource version" };
const behind: Trouble = {
  code: 504,
  reason: "Timeout",
  message: "Timeout: Too large resource version: 999999, current: 999",
};

/** Objects are deleted and made again while nobody can listen, and the history of it is dropped. */
export const loseHistory = async (
  { plane, proxy }: Way,
  happen: () => Promise<unknown>,
): Promise<void> => {
  await proxy.refuse();
  proxy.reset();
  await happen();
  await plane.etcd.compact();
  // What it remembers is as good as what etcd does.
  await plane.apiServer.stop();
  await plane.apiServer.start();
  await proxy.heal();
};

export const faults: Readonly<Record<string, Fault>> = {
  "API server killed": async ({ plane }, dial) => {
    await plane.apiServer.stop();
    await wait(2_000 * dial);
    await plane.apiServer.start();
  },
  "API server stands still": async ({ plane }, dial) => {
    plane.apiServer.signal("SIGSTOP");
    await wait(4_000 * dial);
    plane.apiServer.signal("SIGCONT");
  },
  "etcd killed": async ({ plane }, dial) => {
    await plane.etcd.stop();
    await wait(2_000 * dial);
    await plane.etcd.start();
  },
  "both killed": async ({ plane }) => {
    await Promise.all([plane.apiServer.stop(), plane.etcd.stop()]);
    await plane.etcd.start();
    await plane.apiServer.start();
  },
  "etcd compacted": ({ plane }) => plane.etcd.compact(),
  "history lost": async (world, dial) => {
    const name = `map-${Math.floor(24 * dial)}`;
    await loseHistory(world, async () => {
      await world.plane.call("DELETE", `${COLLECTION}/${name}`);
      await world.plane.call("POST", COLLECTION, { metadata: { name } });
    });
  },
  "connections reset": async ({ proxy }) => {
    proxy.reset();
  },
  "connections refused": async ({ proxy }, dial) => {
    await proxy.refuse();
    proxy.reset();
    await wait(4_000 * dial);
    await proxy.heal();
  },
  "black hole": async ({ proxy }, dial) => {
    proxy.blackHole();
    await wait(6_000 * dial);
    await proxy.heal();
  },
  "slow network": async ({ proxy }, dial) => {
    proxy.delay(300 * dial);
    await wait(3_000);
    await proxy.heal();
  },
  "connections cut in the middle": async ({ proxy }, dial) => {
    proxy.cutAfter(Math.floor(30_000 * dial));
    await wait(3_000);
    await proxy.heal();
  },
  "answers 429": async ({ front, proxy }, dial) => {
    front.answer(overloaded, 1 + Math.floor(4 * dial));
    proxy.reset();
  },
  "answers 500": async ({ front, proxy }, dial) => {
    front.answer(broken, 1 + Math.floor(4 * dial));
    proxy.reset();
  },
  "answers 503": async ({ front, proxy }, dial) => {
    front.answer(unavailable, 1 + Math.floor(4 * dial));
    proxy.reset();
  },
  "answers 410": async ({ front, proxy }) => {
    front.answer(gone, 2);
    proxy.reset();
  },
  "says 410 in the stream": async ({ front, proxy }) => {
    front.sayInStream(gone, 2);
    proxy.reset();
  },
  "says 500 in the stream": async ({ front, proxy }, dial) => {
    front.sayInStream(broken, 1 + Math.floor(4 * dial));
    proxy.reset();
  },
  "says that it is behind": async ({ front, proxy }, dial) => {
    front.sayInStream(behind, 1 + Math.floor(6 * dial));
    proxy.reset();
  },
  "no watch-list": async ({ front, proxy }, dial) => {
    front.watchList(dial < 0.5 ? "Refused" : "Broken");
    front.sayInStream(gone, 2);
    proxy.reset();
    await wait(3_000);
    front.watchList("Yes");
  },
};
