/**
 * What the aggregator reads of a LiveStrategy, wherever it is stored.
 *
 * The schema takes what this process needs and lets the rest be: an object that the operator has
 * accepted must never vanish from the page because a newer field is in it.
 */

import { z } from "zod";
import { err, ok, type Result } from "#base/result.ts";
import { fleetKeyText, type FleetMember } from "./fleet.ts";

/** An error is a sentence that names the object. */
export const readMember = (object: unknown): Result<FleetMember, string> => {
  const parsed = liveStrategy.safeParse(object);
  return parsed.success
    ? ok(toMember(parsed.data))
    : err(`${nameOf(object)} is not understood: ${firstIssue(parsed.error)}`);
};

/** By namespace, then name. */
export const inOrder = (members: ReadonlyArray<FleetMember>): ReadonlyArray<FleetMember> =>
  members.toSorted((a, b) => (fleetKeyText(a) < fleetKeyText(b) ? -1 : 1));

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
