/**
 * What all strategies of an installation share: the symbols that may be traded, the default limits
 * and where the exchanges are. Three files in config/, or in the folder of a session.
 *
 * Every key is read by something; an unknown one is refused. What the exchange itself knows better
 * (tick size, least order, fees) is asked from it and is not written down here.
 */

import { z } from "zod";
import { err, ok, type Result } from "#base/result.ts";
import { toCrdSchema } from "./crd-schema.ts";
import { SYMBOL_PATTERN } from "./live-strategy-rules.ts";
import type { Path } from "./rule.ts";
import { checkAgainst } from "./check-schema.ts";
import { nearest, problem, valueText, type Problem } from "./problems.ts";

const group = z.strictObject({
  maxSameDirection: z
    .int()
    .min(1)
    .max(100)
    .describe("Most positions in one direction among the symbols of the group."),
});

const asset = z.strictObject({
  group: z.string().optional().describe("Correlation group of the symbol, one of groups."),
  maxLeverage: z.int().min(1).max(125).describe("Most leverage that a strategy may ask for."),
});

const assetsFile = z.strictObject({
  groups: z.record(z.string(), group).describe("Symbols that move together, by name."),
  assets: z.record(z.string(), asset).describe("Symbols that may be traded."),
});

const riskFile = z.strictObject({
  maxMarginRatio: z.number().gt(0).max(1).describe("Share of equity that may be margin."),
  maxConcurrentPositions: z.int().min(1).max(100).describe("Most positions at the same time."),
  maxLiveGrids: z.int().min(1).max(100).describe("Most symbols with a cycle or a resting entry."),
  minFreeMarginPercent: z.number().min(0).max(100).describe("Percent of equity that stays free."),
  killSwitch: z
    .strictObject({
      sessionLossPercent: z.number().gt(0).max(100).describe("Loss of a UTC day that trips it."),
      action: z.enum(["BlockEntries", "Flatten"]).describe("What a trip does."),
    })
    .describe("The kill switch of a strategy that says nothing else."),
});

const streamUrl = z.url().max(500);
const exchangeEntry = z.strictObject({
  restUrl: z.url().max(500).describe("Where requests go."),
  publicStreamUrl: streamUrl.describe("Where candles and prices come from."),
  privateStreamUrl: streamUrl.describe("Where orders, fills and positions come from."),
  demo: z
    .strictObject({
      publicStreamUrl: streamUrl.describe("Candles and prices of environment Demo."),
      privateStreamUrl: streamUrl.describe("Orders, fills and positions of environment Demo."),
    })
    .optional()
    .describe("What differs in the exchange's own demo trading."),
  accountRequestsPerSecond: z.number().gt(0).max(1000).describe("Requests a second per account."),
  publicRequestsPerSecond: z.number().gt(0).max(1000).describe("Requests a second per address."),
});

const exchangesFile = z.strictObject({
  bitget: exchangeEntry.describe("Bitget, USDT-margined perpetuals."),
});

export const fleetFiles = { assets: assetsFile, risk: riskFile, exchanges: exchangesFile } as const;

export type FleetConfig = {
  readonly assets: z.infer<typeof assetsFile>;
  readonly risk: z.infer<typeof riskFile>;
  readonly exchanges: z.infer<typeof exchangesFile>;
};

type Problems = ReadonlyArray<Problem>;

const check = <T>(
  type: z.ZodType<T>,
  across: (config: T) => Problems,
): ((given: unknown) => Result<T, Problems>) => {
  const schema = toCrdSchema(type);
  return (given) => {
    const { value, problems } = checkAgainst(schema, given);
    const parsed = type.safeParse(value);
    const found = parsed.success ? [...problems, ...across(parsed.data)] : problems;
    if (found.length > 0) return err(found);
    if (parsed.success) return ok(parsed.data);
    return err(parsed.error.issues.map((issue) => problem(pathOf(issue), issue.message)));
  };
};

const pathOf = ({ path }: Pick<z.core.$ZodIssue, "path">): Path =>
  path.filter((step) => typeof step !== "symbol");

const assetsProblems = ({ groups, assets }: FleetConfig["assets"]): Problems =>
  Object.entries(assets).flatMap(([symbol, { group }]) => {
    const wrong: Problem[] = [];
    if (!new RegExp(SYMBOL_PATTERN).test(symbol)) {
      const words = `Invalid value: ${valueText(symbol)}: write the unified ccxt symbol of a perpetual, for example BTC/USDT:USDT`;
      wrong.push({ ...problem(["assets", symbol], words), at: "key" });
    }
    if (group !== undefined && !Object.hasOwn(groups, group)) {
      const meant = nearest(group, Object.keys(groups));
      const remedy = meant === undefined ? "add it to groups" : `did you mean ${meant}?`;
      const words = `Invalid value: ${valueText(group)}: no such group`;
      wrong.push(problem(["assets", symbol, "group"], words, remedy));
    }
    return wrong;
  });

const riskProblems = ({ maxLiveGrids, maxConcurrentPositions }: FleetConfig["risk"]): Problems =>
  maxLiveGrids > maxConcurrentPositions
    ? [
        problem(
          ["maxLiveGrids"],
          `Invalid value: ${maxLiveGrids}: can never be reached with maxConcurrentPositions ${maxConcurrentPositions}`,
          "lower it, or raise the other",
        ),
      ]
    : [];

/** Keys are sent to these hosts: only to this machine may they go in the clear. */
const exchangesProblems = (exchanges: FleetConfig["exchanges"]): Problems =>
  Object.entries(exchanges).flatMap(([id, { demo = {}, ...live }]) =>
    urlProblems([id], live).concat(urlProblems([id, "demo"], demo)),
  );

const urlProblems = (path: Path, entry: Readonly<Record<string, unknown>>): Problems =>
  Object.entries(entry).flatMap(([name, url]) => {
    const isRest = name === "restUrl";
    if (typeof url !== "string" || keepsSecrets(url, isRest ? "http" : "ws")) return [];
    const words = `Invalid value: ${valueText(url)}: must begin with ${isRest ? "https" : "wss"}://`;
    return [problem([...path, name], words, "keys would travel in the clear")];
  });

const keepsSecrets = (url: string, scheme: "http" | "ws"): boolean => {
  const { protocol, hostname } = new URL(url);
  const isThisMachine = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  return protocol === `${scheme}s:` || (protocol === `${scheme}:` && isThisMachine);
};

export const checkAssets = check(assetsFile, assetsProblems);
export const checkRisk = check(riskFile, riskProblems);
export const checkExchanges = check(exchangesFile, exchangesProblems);

/** The symbol that was probably meant: the same base, else a similar one. */
export const nearestSymbol = (symbol: string, { assets }: FleetConfig["assets"]) => {
  const known = Object.keys(assets);
  const base = symbol
    .toUpperCase()
    .replace(/[/:].*$/, "")
    .replace(/USDT$/, "");
  return known.find((candidate) => candidate.startsWith(`${base}/`)) ?? nearest(symbol, known);
};
