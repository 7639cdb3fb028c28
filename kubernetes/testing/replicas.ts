/** Replicas that elect a leader among them, on unreliable nodes, over one API server in memory. */

import { Registry } from "prom-client";
import { millis, sleep, type Clock, type Millis, type Timers } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import {
  createLeaderElector,
  createLeaderMetrics,
  type LeadEnd,
  type LeaderElector,
  type LeaderElectorOptions,
} from "../leader-election.ts";
import { recordOf, type LeaseRecord } from "../lease-record.ts";
import { leases } from "../resource.ts";
import { createMemoryApi, type MemoryApi } from "./memory-api.ts";
import { createUnreliableNode, type UnreliableNode } from "./unreliable-node.ts";

/** The simulation's. */
export type Time = Clock & Timers & { readonly runUntil: (until: Millis) => Promise<void> };

export type World = {
  readonly time: Time;
  readonly server: MemoryApi;
  readonly seed: number;
  readonly pass: (ms: number) => Promise<void>;
  readonly stored: () => Promise<LeaseRecord | undefined>;
};

export type Replica = {
  readonly node: UnreliableNode;
  readonly elector: LeaderElector;
  readonly stop: AbortController;
  readonly running: Promise<LeadEnd>;
  readonly events: ReadonlyArray<{ readonly at: number; readonly what: string }>;
  readonly lines: ReadonlyArray<string>;
  readonly metric: () => Promise<number>;
};

export type ReplicaOptions = Partial<LeaderElectorOptions> & {
  readonly nowOffsetMs?: number;
  /** How long the work goes on after it was asked to end. */
  readonly workMs?: number;
  readonly onLead?: () => void;
};

export const lease = { namespace: "scalp", name: "operator" };

export const newWorld = (time: Time, seed = 1): World => {
  const server = createMemoryApi({ clock: time, timers: time });
  return {
    time,
    server,
    seed,
    pass: (ms) => time.runUntil(millis(time.now() + ms)),
    stored: async () => {
      const got = await server.get(leases, lease);
      return got.ok ? recordOf(got.value) : undefined;
    },
  };
};

export const newReplica = (
  { time, server, seed }: World,
  identity: string,
  { nowOffsetMs = 0, workMs = 0, onLead = () => {}, ...options }: ReplicaOptions = {},
): Replica => {
  const node = createUnreliableNode(time, server, { nowOffsetMs });
  const registry = new Registry();
  const lines: string[] = [];
  const write = (_data: object, message?: string) => void lines.push(message ?? "");
  let draws = 0;
  const elector = createLeaderElector(
    {
      ...node,
      random: () => {
        draws += 1;
        return chance(seed, identity, draws);
      },
      log: { info: write, warn: write },
      metrics: createLeaderMetrics(registry, "operator"),
    },
    { lease, identity, fieldManager: "scalp-operator", ...options },
  );
  const stop = new AbortController();
  const events: { readonly at: number; readonly what: string }[] = [];
  const note = (what: string) => void events.push({ at: time.elapsed(), what });
  const lead = async (signal: AbortSignal) => {
    note("leads");
    onLead();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    note("told to end");
    await sleep(node.timers, workMs);
    note("ended");
  };
  const run = async () => {
    const end = await elector.run(lead, stop.signal);
    note(end);
    return end;
  };
  return {
    node,
    elector,
    stop,
    running: run(),
    events,
    lines,
    metric: async () => Number((await registry.metrics()).split(" ").at(-1)),
  };
};

export const timeOf = ({ events }: Replica, what: string): number | undefined =>
  events.find((event) => event.what === what)?.at;
