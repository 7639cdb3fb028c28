/**
 * `scalp validate FILES…`: what is wrong with manifests and with the fleet's files, before they run.
 *
 * The same functions read the files that a running session reads, so that both refuse the same in
 * the same words. Folders stand for the manifests in them.
 */

import { statSync } from "node:fs";
import { ok } from "#base/result.ts";
import type { AccountOf } from "#operator/local/conflicts.ts";
import {
  fleetFileProblems,
  isFleetFile,
  loadFleetConfig,
  loadManifestFiles,
  manifestPaths,
  type LoadedManifests,
} from "#operator/local/manifests.ts";
import { CONFIG_FOLDER } from "./root.ts";

export type ValidateOptions = {
  /** Where assets.yaml, risk.yaml and exchanges.yaml are looked for first. */
  readonly configFolder?: string;
  /** Which strategies trade with the same keys; without it, those that name the same Secret. */
  readonly accountOf?: AccountOf;
};

export type Validation = {
  /** For people: a line for each problem and each warning, and one that sums them up. */
  readonly lines: ReadonlyArray<string>;
  /** None means that the files may run. */
  readonly problems: ReadonlyArray<string>;
};

export const validateFiles = (
  paths: ReadonlyArray<string>,
  { configFolder = "config", accountOf = bySecret }: ValidateOptions = {},
): Validation => {
  const fleetPaths = paths.filter(isFleetFile);
  const fleet = loadFleetConfig(configFolder, CONFIG_FOLDER);
  const fleetProblems = fleetPaths.flatMap(fleetFileProblems);
  if (!fleet.ok) return summed([...new Set([...fleetProblems, ...fleet.error])]);
  const listed = paths
    .filter((path) => !isFleetFile(path))
    .map((path) => (isFolder(path) ? manifestPaths(path) : ok([path])));
  const unread = listed.flatMap((list) => (list.ok ? [] : [list.error]));
  const files = listed.flatMap((list) => (list.ok ? list.value : []));
  const loaded = loadManifestFiles({ fleet: fleet.value, accountOf }, files);
  return summed([...fleetProblems, ...unread, ...loaded.problems], loaded);
};

const bySecret: AccountOf = (_name, { spec }) => spec.exchange.credentialsSecretRef?.name ?? "";

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const summed = (problems: ReadonlyArray<string>, loaded?: LoadedManifests): Validation => {
  const warnings = loaded?.warnings.map((words) => `warning: ${words}`) ?? [];
  const strategies = counted(loaded?.manifests.length ?? 0, "valid strategy", "valid strategies");
  const sum = `${strategies}, ${counted(problems.length, "problem", "problems")}`;
  return { lines: [...problems, ...warnings, sum], problems };
};

const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;
