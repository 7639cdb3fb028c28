/**
 * The rules between fields of a LiveStrategy, each said twice: to the API server in CEL, and here.
 *
 * Both say the same sentence, and a test holds each pair against an accepted and a refused example.
 * Transition rules compare with the version that is in force; without one they hold.
 */

import { z } from "zod";
import { executorRules } from "./executor-rules.ts";
import { strategyKinds } from "./executor-spec.ts";
import { blockOfKind } from "./live-strategy.ts";
import {
  celText,
  describeRule,
  EACH,
  HERE,
  hereUnless,
  matching,
  type LiveStrategyRule,
} from "./rule.ts";

const RFC_3339 = z.core.regexes.datetime({ offset: true }).source;
export const SYMBOL_PATTERN = "^[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+$";
const SECRET_NAME = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
const RESOURCE_NAME = "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$";

const immutable = (path: ReadonlyArray<string>): LiveStrategyRule =>
  describeRule({
    path,
    cel: "self == oldSelf",
    message: `${path.slice(1).join(".")} is immutable; create another LiveStrategy`,
    reads: z.string(),
    broken: (self, oldSelf) => hereUnless(oldSelf === undefined || self === oldSelf),
  });

const blocks = Object.values(blockOfKind);
const blocksIn = (holder: object) => blocks.filter((block) => Object.hasOwn(holder, block));
const listOfBlocks = blocks.join(", ");

const strategyBlocks = z.looseObject({ kind: z.enum(strategyKinds) });

const exactlyOneBlock = describeRule({
  path: ["spec", "strategy"],
  cel: `[${blocks.map((block) => `has(self.${block})`).join(", ")}].filter(x, x).size() == 1`,
  message: `set exactly one of ${listOfBlocks}`,
  reads: z.looseObject({}),
  broken: (self) => {
    const [, ...others] = blocksIn(self);
    return blocksIn(self).length === 0 ? HERE : others.map((block) => [block]);
  },
});

/** Silent unless there is exactly one block, about which the rule above speaks. */
const blockMatchesKind = describeRule({
  path: ["spec", "strategy"],
  cel: [
    `[${blocks.map((block) => `has(self.${block})`).join(", ")}].filter(x, x).size() != 1`,
    ...strategyKinds.map((kind) => `(self.kind == '${kind}' && has(self.${blockOfKind[kind]}))`),
  ].join(" || "),
  message: `name the block after the kind: ${strategyKinds
    .map((kind) => `${blockOfKind[kind]} for ${kind}`)
    .join(", ")}`,
  reads: strategyBlocks,
  broken: (self) => {
    const [only, ...others] = blocksIn(self);
    const holds = only === undefined || others.length > 0 || only === blockOfKind[self.kind];
    return holds ? [] : [[only]];
  },
});

const overridesMatchKind = describeRule({
  path: ["spec"],
  cel: `self.assets.all(a, ${strategyKinds
    .map((kind) => `(!has(a.${blockOfKind[kind]}) || self.strategy.kind == '${kind}')`)
    .join(" && ")})`,
  message:
    "put the overrides of an asset into the block that is named after strategy.kind, as the strategy's own",
  fieldPath: ["assets"],
  reads: z.object({ strategy: strategyBlocks, assets: z.array(z.looseObject({})) }),
  broken: ({ strategy, assets }) =>
    assets.flatMap((asset, index) =>
      blocksIn(asset)
        .filter((block) => block !== blockOfKind[strategy.kind])
        .map((block) => ["assets", index, block]),
    ),
});

const symbolsOnce = describeRule({
  path: ["spec", "assets"],
  cel: "self.all(a, self.exists_one(b, b.symbol == a.symbol))",
  message: "list each symbol once",
  reads: z.array(z.looseObject({ symbol: z.unknown() })),
  broken: (self) => {
    const symbols = self.map(({ symbol }) => symbol);
    return symbols.flatMap((symbol, index) =>
      typeof symbol === "string" && symbols.indexOf(symbol) < index ? [[index, "symbol"]] : [],
    );
  },
});

const tradesSomething = describeRule({
  path: ["spec"],
  cel: "!self.enabled || self.assets.size() > 0",
  message: "an enabled strategy needs at least one asset: list one, or set enabled: false",
  fieldPath: ["assets"],
  reads: z.object({ enabled: z.boolean(), assets: z.array(z.unknown()) }),
  broken: ({ enabled, assets }) => (enabled && assets.length === 0 ? [["assets"]] : []),
});

const realMoneyIsMeant = describeRule({
  path: ["spec", "exchange"],
  cel: "self.environment != 'Live' || self.acknowledgeRealMoney",
  message: "environment Live places orders with real money: set acknowledgeRealMoney: true",
  reads: z.object({ environment: z.string(), acknowledgeRealMoney: z.boolean() }),
  broken: ({ environment, acknowledgeRealMoney }) =>
    environment === "Live" && !acknowledgeRealMoney ? [["environment"]] : [],
});

const multiTfReadsHours = describeRule({
  path: ["spec"],
  cel: "self.strategy.kind != 'grid_multi_tf' || self.timeframe == '1h'",
  message: "grid_multi_tf makes its 4h trend of 1h candles: set timeframe: 1h",
  fieldPath: ["timeframe"],
  reads: z.object({ strategy: z.looseObject({ kind: z.string() }), timeframe: z.string() }),
  broken: ({ strategy, timeframe }) =>
    strategy.kind === "grid_multi_tf" && timeframe !== "1h" ? [["timeframe"]] : [],
});

const stopPercent = z.looseObject({ slPercent: z.number().optional() }).optional();
type StopPercent = z.infer<typeof stopPercent>;

/**
 * With isolated margin a position is liquidated when its own margin is gone, which is a price move
 * of 100/leverage percent. A stop beyond that is never reached, however well it is placed.
 */
const stopBeforeLiquidation = (block: (typeof blocks)[number]): LiveStrategyRule => {
  const reads = z.object({
    leverage: z.number(),
    exchange: z.looseObject({ marginMode: z.string() }),
    strategy: z.looseObject({ [block]: stopPercent }),
    assets: z.array(z.looseObject({ [block]: stopPercent })),
  });
  const reached = (holder: string) =>
    `double(self.leverage) * ${holder}.${block}.slPercent < 100.0`;
  return describeRule({
    path: ["spec"],
    cel: `self.exchange.marginMode != 'isolated' || !has(self.strategy.${block}) || (${reached("self.strategy")} && self.assets.all(a, !has(a.${block}) || !has(a.${block}.slPercent) || ${reached("a")}))`,
    message:
      "with isolated margin, leverage times slPercent must stay below 100, or liquidation comes before the stop",
    fieldPath: ["leverage"],
    reads,
    broken: ({ leverage, exchange, strategy, assets }) => {
      if (exchange.marginMode !== "isolated" || strategy[block] === undefined) return [];
      const isBeyond = (parameters: StopPercent) => leverage * (parameters?.slPercent ?? 0) >= 100;
      return [
        ...(isBeyond(strategy[block]) ? [["leverage"]] : []),
        ...assets.flatMap((asset, index) =>
          isBeyond(asset[block]) ? [["assets", index, block, "slPercent"]] : [],
        ),
      ];
    },
  });
};

const nameFits = describeRule({
  path: [],
  cel: `self.metadata.name.matches(${celText(RESOURCE_NAME)})`,
  message:
    "a strategy's name must be at most 40 lower case letters, digits and '-', starting with a letter: a Service is named after it",
  reads: z.looseObject({ metadata: z.looseObject({ name: z.string() }) }),
  broken: ({ metadata }) =>
    new RegExp(RESOURCE_NAME).test(metadata.name) ? [] : [["metadata", "name"]],
});

export const liveStrategyRules: ReadonlyArray<LiveStrategyRule> = [
  nameFits,
  exactlyOneBlock,
  blockMatchesKind,
  immutable(["spec", "strategy", "kind"]),
  immutable(["spec", "exchange", "id"]),
  immutable(["spec", "exchange", "environment"]),
  realMoneyIsMeant,
  tradesSomething,
  symbolsOnce,
  matching(
    ["spec", "assets", EACH, "symbol"],
    SYMBOL_PATTERN,
    "write the unified ccxt symbol of a perpetual, for example BTC/USDT:USDT",
  ),
  overridesMatchKind,
  multiTfReadsHours,
  ...blocks.map(stopBeforeLiquidation),
  matching(
    ["spec", "killSwitch", "resetAt"],
    RFC_3339,
    "write an RFC 3339 timestamp, for example 2026-11-21T10:00:00Z",
  ),
  matching(
    ["spec", "exchange", "credentialsSecretRef", "name"],
    SECRET_NAME,
    "write the name of a Secret: lower case letters, digits, '-' and '.'",
  ),
  ...executorRules,
];
