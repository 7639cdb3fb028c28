/**
 * Rules between strategies, and which file gives way when two of them contradict each other.
 *
 * A name is taken once. Two strategies may share an account only while their symbols are disjoint:
 * the exchange knows one position a symbol, and two executors would each take it for their own.
 */

import { isDeepStrictEqual } from "node:util";
import type { LiveStrategyManifest } from "#crds/live-strategy.ts";
import type { Path } from "#crds/rule.ts";
import { pathText, valueText } from "#crds/problems.ts";
import type { YamlDocument } from "#runtime/yaml.ts";

/** Equal for strategies that trade with the same keys. */
export type AccountOf = (strategyName: string, manifest: LiveStrategyManifest) => string;

/** One strategy of a file, with where it is written. */
export type Entry = {
  readonly path: string;
  readonly manifest: LiveStrategyManifest;
  readonly locate: YamlDocument["locate"];
};

export type Version = {
  readonly path: string;
  /** What the file says. Empty when anything in it is wrong. */
  readonly entries: ReadonlyArray<Entry>;
  /** What it said last without a problem. */
  readonly lastGood: ReadonlyArray<Entry>;
};

type Refusal = { readonly entry: Entry; readonly path: Path; readonly words: string };
export type Settled = {
  /** Files that do not come into force, by their path. */
  readonly refused: ReadonlySet<string>;
  readonly refusals: ReadonlyArray<Refusal>;
};

/**
 * Refuses files one at a time, the last changed one first, until the rest does not contradict itself.
 *
 * What was in force before did not, unless keys have changed meanwhile: then the contradiction is
 * said and nothing gives way, for this looks at files and knows nothing of open positions.
 */
export const settle = (
  accountOf: AccountOf,
  files: ReadonlyArray<Version>,
  broken: ReadonlySet<string>,
): Settled => {
  const refused = new Set(broken);
  const refusals: Refusal[] = [];
  const said = new Set<string>();
  for (;;) {
    const inForce = files.flatMap((file) =>
      refused.has(file.path) ? file.lastGood : file.entries,
    );
    const clash = pairsOf(inForce).find(
      ([one, other]) => !said.has(pairKey(one, other)) && contradiction(accountOf, one, other),
    );
    if (clash === undefined) return { refused, refusals };
    const [one, other] = clash;
    const mayGiveWay = ({ path }: Entry) => !refused.has(path) && hasChanged(files, path);
    const culprit = [other, one].find(mayGiveWay);
    const blamed = culprit ?? other;
    const found = contradiction(accountOf, blamed, blamed === other ? one : other);
    if (found !== undefined) refusals.push({ entry: blamed, ...found });
    if (culprit === undefined) said.add(pairKey(one, other));
    else refused.add(culprit.path);
  }
};

const pairsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<readonly [Entry, Entry]> =>
  entries.flatMap((one, index) => entries.slice(index + 1).map((other) => [one, other] as const));

const pairKey = (one: Entry, other: Entry): string =>
  JSON.stringify([one, other].map(({ path, manifest }) => [path, nameOf(manifest)]));

const nameOf = ({ metadata }: LiveStrategyManifest): string =>
  `${metadata.namespace}/${metadata.name}`;

const hasChanged = (files: ReadonlyArray<Version>, path: string): boolean => {
  const file = files.find((candidate) => candidate.path === path);
  const manifestsOf = (entries: ReadonlyArray<Entry> = []) => entries.map((e) => e.manifest);
  return !isDeepStrictEqual(manifestsOf(file?.entries), manifestsOf(file?.lastGood));
};

/** What is wrong with one of two strategies, given the other. */
const contradiction = (
  accountOf: AccountOf,
  { manifest }: Entry,
  other: Entry,
): Omit<Refusal, "entry"> | undefined => {
  const { metadata } = manifest;
  if (nameOf(manifest) === nameOf(other.manifest)) {
    const path = ["metadata", "name"];
    const words = `${pathText(path)}: Duplicate value: ${valueText(metadata.name)}: also in ${other.path} (give one of them another name)`;
    return { path, words };
  }
  if (!onOneAccount(accountOf, manifest, other.manifest)) return undefined;
  const taken = new Set(other.manifest.spec.assets.map(({ symbol }) => symbol));
  const shared = manifest.spec.assets.map(({ symbol }) => symbol).filter((s) => taken.has(s));
  const [first] = shared;
  if (first === undefined) return undefined;
  const index = manifest.spec.assets.findIndex(({ symbol }) => symbol === first);
  const path = ["spec", "assets", index, "symbol"];
  const words = `${pathText(path)}: Invalid value: ${valueText(first)}: ${shared.join(", ")} would be traded by ${nameOf(manifest)} and ${nameOf(other.manifest)} (${other.path}) on one account (give one of them keys of its own, or leave each symbol to one of them)`;
  return { path, words };
};

/** Only what an executor may trade counts: on paper everything is shared. */
const onOneAccount = (
  accountOf: AccountOf,
  one: LiveStrategyManifest,
  other: LiveStrategyManifest,
): boolean =>
  isTraded(one) && isTraded(other) && accountKey(accountOf, one) === accountKey(accountOf, other);

const isTraded = ({ spec }: LiveStrategyManifest): boolean => spec.enabled && spec.liveEligible;

const accountKey = (accountOf: AccountOf, manifest: LiveStrategyManifest): string => {
  const { id, environment } = manifest.spec.exchange;
  return JSON.stringify([id, environment, accountOf(manifest.metadata.name, manifest)]);
};

/** A sentence for each account that several strategies trade on with disjoint symbols. */
export const sharedAccountWarnings = (
  accountOf: AccountOf,
  manifests: ReadonlyArray<LiveStrategyManifest>,
): ReadonlyArray<string> => {
  const traded = manifests.filter(isTraded);
  const groups = Map.groupBy(traded, (manifest) => accountKey(accountOf, manifest));
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map(
      (group) =>
        `${group.map(nameOf).join(" and ")} trade with the same keys: they share the account's money and its rate limit; give each a sub-account of its own`,
    );
};
