/**
 * The manifests of one machine: the same YAML that `kubectl apply` takes, read from files.
 *
 * Everything that is wrong is said at once, as `file:line:column  words`. A file with a problem
 * changes nothing: what it said last without one stays in force, so that a slip of the pen while a
 * position is open costs a line on the screen and not the executor. An empty file is such a slip;
 * only a file that is gone takes its strategies with it.
 */

import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { err, ok, type Result } from "#base/result.ts";
import {
  checkAssets,
  checkExchanges,
  checkRisk,
  fleetFiles,
  type FleetConfig,
} from "#crds/fleet.ts";
import { checkManifest } from "#crds/live-strategy-check.ts";
import { API_VERSION, LIVE_STRATEGY, type LiveStrategyManifest } from "#crds/live-strategy.ts";
import { problem, type Problem } from "#crds/problems.ts";
import { fleetProblems } from "#crds/resolve.ts";
import type { YamlDocument } from "#runtime/yaml.ts";
import {
  settle,
  sharedAccountWarnings,
  type AccountOf,
  type Entry,
  type Version,
} from "./conflicts.ts";
import { lineAt, linesOf, readDocuments, reasonOf, type Lines } from "./documents.ts";

export type ManifestsDeps = {
  readonly fleet: FleetConfig;
  /** Equal for strategies that trade with the same keys. */
  readonly accountOf: AccountOf;
  /** What was answered the last time: plain data, which may be kept across a restart. */
  readonly previous?: LoadedManifests | undefined;
  /** The stored version of a strategy that `previous` does not know. */
  readonly stored?: (
    name: string,
    namespace: string,
  ) => Pick<LiveStrategyManifest, "spec"> | undefined;
};

export type LoadedManifests = {
  readonly files: ReadonlyArray<LoadedFile>;
  /** Of all files, in their order. */
  readonly problems: Lines;
  /** What is allowed and unwise, a sentence each. */
  readonly warnings: ReadonlyArray<string>;
  /** What is to run: of each file what it says, or what it said last without a problem. */
  readonly manifests: ReadonlyArray<LiveStrategyManifest>;
};

type LoadedFile = {
  readonly path: string;
  /** None means that the file is in force as it is. */
  readonly problems: Lines;
  readonly manifests: ReadonlyArray<LiveStrategyManifest>;
};

const FILES_MAX = 200;

/** Every `*.yaml` and `*.yml` of the folder but the fleet's own files. */
export const loadManifests = (deps: ManifestsDeps, folder: string): LoadedManifests => {
  const paths = manifestPaths(folder);
  if (paths.ok) return loadManifestFiles(deps, paths.value);
  // A folder that cannot be read says nothing about the strategies in it: they stay.
  const { files = [], manifests = [], warnings = [] } = deps.previous ?? {};
  return { files, problems: [`${folder}: cannot be read: ${paths.error}`], warnings, manifests };
};

export const loadManifestFiles = (
  deps: ManifestsDeps,
  paths: ReadonlyArray<string>,
): LoadedManifests => {
  const read = paths.slice(0, FILES_MAX).map((path) => readManifestFile(deps, path));
  const broken = new Set(read.flatMap(({ path, problems }) => (problems.length > 0 ? [path] : [])));
  const { refused, refusals } = settle(deps.accountOf, read, broken);
  const files = read.map(({ path, problems, entries, lastGood }) => ({
    path,
    problems: problems.concat(
      refusals
        .filter(({ entry }) => entry.path === path)
        .flatMap(({ entry, ...found }) => linesOf(path, entry, [{ ...found, at: "value" }])),
    ),
    manifests: (refused.has(path) ? lastGood : entries).map(({ manifest }) => manifest),
  }));
  const manifests = files.flatMap((file) => file.manifests);
  const tooMany =
    paths.length > FILES_MAX ? [`${paths.length} files: at most ${FILES_MAX} are read`] : [];
  return {
    files,
    problems: files.flatMap(({ problems }) => problems).concat(tooMany),
    warnings: sharedAccountWarnings(deps.accountOf, manifests),
    manifests,
  };
};

/**
 * The fleet's files of the folder; those that it does not have are taken from `fallback`.
 * Every problem of all of them at once.
 */
export const loadFleetConfig = (
  folder: string,
  fallback = "config",
): Result<FleetConfig, Lines> => {
  const find = (name: string) => {
    const own = join(folder, `${name}.yaml`);
    return existsSync(own) ? own : join(fallback, `${name}.yaml`);
  };
  const assets = readFleetFile(find("assets"), checkAssets);
  const risk = readFleetFile(find("risk"), checkRisk);
  const exchanges = readFleetFile(find("exchanges"), checkExchanges);
  if (assets.ok && risk.ok && exchanges.ok) {
    return ok({ assets: assets.value, risk: risk.value, exchanges: exchanges.value });
  }
  return err([assets, risk, exchanges].flatMap((read) => (read.ok ? [] : read.error)));
};

/** What is wrong with one of the fleet's files. */
export const fleetFileProblems = (path: string): Lines => {
  const check = { assets: checkAssets, risk: checkRisk, exchanges: checkExchanges };
  const read = Object.entries(check)
    .filter(([name]) => basename(path) === `${name}.yaml`)
    .map(([, checkFile]) => readFleetFile<unknown>(path, checkFile));
  return read.flatMap((file) => (file.ok ? [] : file.error));
};

export const isFleetFile = (path: string): boolean =>
  Object.keys(fleetFiles).some((name) => basename(path) === `${name}.yaml`);

const readFleetFile = <T>(
  path: string,
  check: (value: unknown) => Result<T, ReadonlyArray<Problem>>,
): Result<T, Lines> => {
  const documents = readDocuments(path);
  if (!documents.ok) return documents;
  const [document, second] = documents.value;
  if (document === undefined) return err([lineAt(path, START, "the file is empty")]);
  if (second !== undefined) {
    return err([lineAt(path, second.locate([], "value"), "the file has a second document")]);
  }
  const checked = check(document.value);
  return checked.ok ? checked : err(linesOf(path, document, checked.error));
};

const START = { line: 1, column: 1 };

export const manifestPaths = (folder: string): Result<ReadonlyArray<string>, string> => {
  try {
    const names = readdirSync(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
    const manifests = names.filter((name) => !isFleetFile(name)).toSorted();
    return ok(manifests.map((name) => join(folder, name)));
  } catch (error) {
    return err(reasonOf(error));
  }
};

type ReadFile = Version & { readonly problems: Lines };

const readManifestFile = (deps: ManifestsDeps, path: string): ReadFile => {
  const lastGood = lastGoodOf(deps, path);
  const refuse = (problems: Lines): ReadFile => ({ path, problems, entries: [], lastGood });
  const documents = readDocuments(path);
  if (!documents.ok) return refuse(documents.error);
  if (documents.value.length === 0) {
    return refuse([lineAt(path, START, "the file is empty; delete it to remove its strategies")]);
  }
  const checked = documents.value.map((document) => checkDocument(deps, path, document));
  const problems = checked.flatMap((result) => (result.ok ? [] : result.error));
  if (problems.length > 0) return refuse(problems);
  return {
    path,
    problems,
    entries: checked.flatMap((result) => (result.ok ? [result.value] : [])),
    lastGood,
  };
};

const lastGoodOf = ({ previous }: ManifestsDeps, path: string): ReadonlyArray<Entry> => {
  const file = previous?.files.find((candidate) => candidate.path === path);
  return (file?.manifests ?? []).map((manifest) => ({ path, manifest, locate: () => START }));
};

const checkDocument = (
  deps: ManifestsDeps,
  path: string,
  document: YamlDocument,
): Result<Entry, Lines> => {
  const { value, locate } = document;
  const foreign = foreignKind(value);
  if (foreign !== undefined) return err(linesOf(path, document, [foreign]));
  const checked = checkManifest(value, versionInForce(deps, value));
  const problems = checked.ok ? fleetProblems(checked.value.spec, deps.fleet) : checked.error;
  return checked.ok && problems.length === 0
    ? ok({ path, manifest: checked.value, locate })
    : err(linesOf(path, document, problems));
};

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};

const foreignKind = (value: unknown): Problem | undefined => {
  const { kind, apiVersion } = fieldsOf(value);
  if (kind === LIVE_STRATEGY && apiVersion === API_VERSION) return undefined;
  const path = [kind === LIVE_STRATEGY ? "apiVersion" : "kind"];
  const words = `no matches for kind ${JSON.stringify(kind ?? "")} in version ${JSON.stringify(apiVersion ?? "")}`;
  return problem(path, words, `write kind: ${LIVE_STRATEGY} and apiVersion: ${API_VERSION}`);
};

/** The version that a document would replace, whatever else is wrong with the document. */
const versionInForce = ({ previous, stored }: ManifestsDeps, value: unknown) => {
  const { name, namespace } = fieldsOf(fieldsOf(value)["metadata"]);
  if (typeof name !== "string") return undefined;
  const space = typeof namespace === "string" ? namespace : "default";
  const known = previous?.manifests.find(
    ({ metadata }) => metadata.name === name && metadata.namespace === space,
  );
  return known ?? stored?.(name, space);
};
