/**
 * What the operator reports in a LiveStrategy's status.
 *
 * Facts for machines are conditions; the summary is strings for `kubectl get`, written when the
 * state changes and at most once a minute otherwise. There is no phase: STATUS is Ready's reason.
 * Readers accept fields that they do not know, since the writer may be newer.
 */

import { z } from "zod";

const CONDITIONS_MAX = 16;
const SHARED_WITH_MAX = 100;

const instant = (words: string) => z.iso.datetime({ offset: true }).describe(words);
const shortText = (words: string) => z.string().max(253).describe(words);

const condition = z
  .object({
    type: shortText("What the condition is about, such as Ready or Protected."),
    status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
    reason: shortText("A stable word that says why; alerts may match it."),
    message: z.string().max(32_768).describe("A sentence for people."),
    observedGeneration: z
      .int()
      .min(0)
      .optional()
      .describe("Generation of the spec that this condition speaks about."),
    lastTransitionTime: instant("When the status last changed."),
  })
  .describe("One fact about this strategy.");

const account = z
  .object({
    uid: shortText("Account as the exchange reports it.").optional(),
    dedicatedKeys: z
      .boolean()
      .optional()
      .describe("Whether the strategy has keys of its own rather than the default ones."),
    credentialsSecret: shortText(
      "spec.exchange.credentialsSecretRef.name when the account was reported; empty for the default Secret.",
    ).optional(),
    sharedWith: z
      .array(shortText("namespace/name of a strategy."))
      .max(SHARED_WITH_MAX)
      .optional()
      .meta({
        description: "Other strategies that trade on the same account.",
        "x-kubernetes-list-type": "atomic",
      }),
  })
  .describe("The account that the executor trades on.");

const killSwitch = z
  .object({
    engaged: z.boolean().optional().describe("Whether entries are stopped."),
    reason: z.string().max(1024).optional().describe("What tripped it."),
    trippedAt: instant("When it tripped.").optional(),
    lastResetAt: instant("The spec.killSwitch.resetAt that last released a trip.").optional(),
  })
  .describe("State of the kill switch.");

const summary = z
  .object({
    mode: shortText("Live, Demo, Emulator, Paper or Off.").optional(),
    symbols: shortText("The symbol, or how many there are.").optional(),
    position: shortText("Open positions in words, or flat.").optional(),
    netProfitDay: shortText("Net profit since 00:00 UTC, in the quote currency.").optional(),
    drawdown: shortText("Loss of the day in percent of its capital.").optional(),
  })
  .describe("What `kubectl get` shows; at most a minute old.");

export const liveStrategyStatus = z
  .object({
    observedGeneration: z
      .int()
      .min(0)
      .optional()
      .describe("Generation of the spec that this status speaks about."),
    conditions: z
      .array(condition)
      .max(CONDITIONS_MAX)
      .optional()
      .meta({
        description: "Facts for machines. Ready sums them up; its reason is the STATUS column.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
      }),
    account: account.optional(),
    killSwitch: killSwitch.optional(),
    summary: summary.optional(),
    executor: z
      .object({
        url: shortText("Where the executor answers.").optional(),
        positions: z
          .enum(["Flat", "Protected", "Unprotected", "Unknown"])
          .optional()
          .describe(
            "What it said last of its positions: none, all with a stop that the exchange has shown, not all, or nothing certain.",
          ),
        holding: shortText(
          "What it said last that it holds, in words; kept when it does not answer any more.",
        ).optional(),
      })
      .optional()
      .describe("The executor of this strategy."),
  })
  .describe("What is observed.");

export type LiveStrategyStatus = z.infer<typeof liveStrategyStatus>;
export type Positions = NonNullable<NonNullable<LiveStrategyStatus["executor"]>["positions"]>;
export type Condition = z.infer<typeof condition>;
