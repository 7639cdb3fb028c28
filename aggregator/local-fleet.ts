/**
 * The fleet of the local mode: the operator's folder of LiveStrategy objects.
 *
 *     DIR/livestrategies   written by the operator, read here
 *     DIR/patches          written here, read by the operator: what `kubectl patch` would send
 *
 * The schema takes what this process needs and lets the rest be: an object that the operator has
 * accepted must never vanish from the page because a newer field is in it.
 */

import { join } from "node:path";
import { z } from "zod";
import { millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { openObjectStore, type ObjectStore } from "#runtime/object-store.ts";
import { fleetKeyText, type Fleet, type FleetList, type FleetMember } from "./fleet.ts";

export const openLocalFleet = (folder: string): Fleet => {
  const strategies = openObjectStore(join(folder, "livestrategies"));
  const patches = openObjectStore(join(folder, "patches"));
  return {
    list: () => attempt("read the strategies", () => listStrategies(strategies)),
    resetKillSwitch: async (key, at) =>
      attempt("write the reset", () => {
        const asked = resetPatch.safeParse(patches.get(key));
        const before = asked.success ? Date.parse(asked.data.spec.killSwitch.resetAt) : 0;
        // A later reset that is already asked for covers this one.
        const resetAt = new Date(millis(Math.max(at, before))).toISOString();
        patches.put(key, {
          metadata: { namespace: key.namespace, name: key.name },
          spec: { killSwitch: { resetAt } },
        });
      }),
  };
};

const resetPatch = z.object({
  spec: z.object({ killSwitch: z.object({ resetAt: z.iso.datetime({ offset: true }) }) }),
});

/** A folder that cannot be read, or a full disk, is said and not thrown: the rest goes on. */
const attempt = <T>(what: string, act: () => T): Result<T, string> => {
  try {
    return ok(act());
  } catch (error) {
    return err(`cannot ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const condition = z.object({
  type: z.string(),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().default(""),
  message: z.string().default(""),
});

const liveStrategy = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  spec: z.object({
    enabled: z.boolean().default(true),
    liveEligible: z.boolean().default(false),
    strategy: z.object({ kind: z.string() }),
    timeframe: z.string().optional(),
    leverage: z.number().optional(),
    assets: z.array(z.object({ symbol: z.string() })).default([]),
    // Whoever does not say that the money is play money is taken to mean real money.
    exchange: z
      .object({ environment: z.enum(["Live", "Demo", "Emulator"]).default("Live") })
      .default({ environment: "Live" }),
  }),
  status: z
    .object({
      conditions: z.array(condition).default([]),
      executor: z.object({ url: z.string().optional() }).nullish(),
    })
    .default({ conditions: [] }),
});

const listStrategies = (store: ObjectStore): FleetList => {
  const parsed = store.list().map((object) => ({ object, result: liveStrategy.safeParse(object) }));
  return {
    members: parsed
      .flatMap(({ result }) => (result.success ? [toMember(result.data)] : []))
      .toSorted((a, b) => (fleetKeyText(a) < fleetKeyText(b) ? -1 : 1)),
    problems: parsed.flatMap(({ object, result }) =>
      result.success ? [] : [`${nameOf(object)} is not understood: ${firstIssue(result.error)}`],
    ),
  };
};

const toMember = ({ metadata, spec, status }: z.infer<typeof liveStrategy>): FleetMember => ({
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  kind: spec.strategy.kind,
  enabled: spec.enabled,
  liveEligible: spec.liveEligible,
  environment: spec.exchange.environment,
  timeframe: spec.timeframe,
  leverage: spec.leverage,
  symbols: spec.assets.map(({ symbol }) => symbol),
  conditions: status.conditions,
  executorUrl: status.executor?.url,
});

const named = z.object({ metadata: z.object({ namespace: z.string(), name: z.string() }) });

const nameOf = (object: unknown): string => {
  const parsed = named.safeParse(object);
  return parsed.success ? fleetKeyText(parsed.data.metadata) : "an object";
};

const firstIssue = ({ issues: [issue] }: z.ZodError): string =>
  issue === undefined ? "" : `${issue.path.join(".")}: ${issue.message}`;
