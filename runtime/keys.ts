/**
 * The one place that finds an exchange's keys, wherever they are kept.
 *
 * In a cluster they are files of two mounted Secrets, a strategy's own and the default one; on one
 * machine they are variables of the environment or of `.env`. A set counts when all three of its
 * parts are there: a strategy with a partial set of its own takes the default one, and says so,
 * since trading on the wrong account is worse than not trading. Values are never printed.
 */

import { createHash } from "node:crypto";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "#base/result.ts";
import type { Env } from "./env.ts";
import { secret, type Secret } from "./secret.ts";

export type KeySources = {
  /** Name of the strategy, as `grid-atr` or `grid_atr`. */
  readonly strategy: string;
  readonly env?: Env;
  /** Where the strategy's own Secret is mounted. */
  readonly dedicatedFolder?: string;
  /** Where the default Secret is mounted. */
  readonly defaultFolder?: string;
};

export type Keys = {
  readonly apiKey: Secret;
  readonly secret: Secret;
  readonly passphrase: Secret;
  /** Whether they are the strategy's own, and with them its sub-account. */
  readonly dedicated: boolean;
  /** Where they were found, for people. */
  readonly source: string;
  /** What was found and could not be used, a sentence each. */
  readonly warnings: ReadonlyArray<string>;
};

export const resolveKeys = (sources: KeySources): Result<Keys, string> => {
  const warnings: string[] = [];
  for (const place of placesOf(sources)) {
    const parts = place.read();
    const lacking = partNames.filter((name) => parts[name] === undefined);
    const { apiKey, secret: key, passphrase } = parts;
    if (apiKey !== undefined && key !== undefined && passphrase !== undefined) {
      const { dedicated, source } = place;
      return ok({
        apiKey: secret(apiKey),
        secret: secret(key),
        passphrase: secret(passphrase),
        dedicated,
        source,
        warnings,
      });
    }
    if (lacking.length === partNames.length) continue;
    const missing = `${lacking.map((name) => place.nameOf(name)).join(" and ")} ${lacking.length > 1 ? "are" : "is"}`;
    warnings.push(`the keys in ${place.source} are not used: ${missing} missing or empty`);
  }
  return err([...warnings, nothingFound(sources)].join("; "));
};

/** Whether two strategies would trade on one account: shared limits, and symbols must not overlap. */
export const sharesAccount = (a: Pick<Keys, "apiKey">, b: Pick<Keys, "apiKey">): boolean =>
  accountIdentity(a) === accountIdentity(b);

/** Equal for equal keys and worthless to whoever reads it. */
export const accountIdentity = ({ apiKey }: Pick<Keys, "apiKey">): string =>
  createHash("sha256").update(apiKey.reveal()).digest("hex");

/** The variables of [36b]: `BITGET_API_KEY_GRID_ATR` for grid-atr, `BITGET_API_KEY` for all. */
export const keyVariables = (strategy?: string): Readonly<Record<Part, string>> => {
  const suffix =
    strategy === undefined ? "" : `_${strategy.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  return {
    apiKey: `BITGET_API_KEY${suffix}`,
    secret: `BITGET_SECRET${suffix}`,
    passphrase: `BITGET_PASSPHRASE${suffix}`,
  };
};

export type Part = (typeof partNames)[number];
/** Keys of the Secret, and files of the folder that it is mounted on. */
export const partNames = ["apiKey", "secret", "passphrase"] as const;
type Parts = Readonly<Record<Part, string | undefined>>;

type Place = {
  readonly dedicated: boolean;
  readonly source: string;
  readonly read: () => Parts;
  readonly nameOf: (part: Part) => string;
};

/** In the order in which they are asked. */
const placesOf = (sources: KeySources): ReadonlyArray<Place> => {
  const { strategy, env, dedicatedFolder, defaultFolder } = sources;
  return [
    ...(dedicatedFolder === undefined ? [] : [folderPlace(dedicatedFolder, true)]),
    ...(env === undefined ? [] : [variablesPlace(env, strategy)]),
    ...(defaultFolder === undefined ? [] : [folderPlace(defaultFolder, false)]),
    ...(env === undefined ? [] : [variablesPlace(env)]),
  ];
};

const variablesPlace = (env: Env, strategy?: string): Place => {
  const names = keyVariables(strategy);
  return {
    dedicated: strategy !== undefined,
    source: `the environment (${names.apiKey}, …)`,
    read: () => partsBy((part) => usable(env[names[part]])),
    nameOf: (part) => names[part],
  };
};

const folderPlace = (folder: string, dedicated: boolean): Place => ({
  dedicated,
  source: `the Secret at ${folder}`,
  read: () => readFolder(folder),
  nameOf: (part) => part,
});

const partsBy = (read: (part: Part) => string | undefined): Parts => ({
  apiKey: read("apiKey"),
  secret: read("secret"),
  passphrase: read("passphrase"),
});

const READ_ATTEMPTS_MAX = 3;

/**
 * The kubelet swaps all files of a Secret at once, by one link: reading through what the link meant
 * at the start never mixes the old key with the new passphrase. If the old folder goes away
 * meanwhile, the new one is read.
 */
const readFolder = (folder: string): Parts => {
  for (let attempt = 1; ; attempt += 1) {
    const before = linkedFolder(folder);
    const parts = partsBy((part) => readPart(join(before, part)));
    if (before === linkedFolder(folder) || attempt === READ_ATTEMPTS_MAX) return parts;
  }
};

/** A folder that nobody mounted has no link, and is itself what is meant. */
const linkedFolder = (folder: string): string => {
  try {
    return realpathSync(join(folder, "..data"));
  } catch {
    return folder;
  }
};

export const PART_BYTES_MAX = 4096;

/** `undefined` for a file that is not there, cannot be read, or is no key. */
const readPart = (path: string): string | undefined => {
  try {
    return statSync(path).size > PART_BYTES_MAX ? undefined : usable(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
};

/** Editors and shells add a line end or a byte order mark; a key holds neither, nor a line break. */
export const usable = (text: string | undefined): string | undefined => {
  const value = text?.replace(/^\uFEFF/, "").trim();
  return value === undefined || value === "" || /\p{Cc}/u.test(value) ? undefined : value;
};

const nothingFound = ({ strategy, env, dedicatedFolder, defaultFolder }: KeySources): string => {
  const variables = (name?: string) => Object.values(keyVariables(name)).join(", ");
  const folders = [dedicatedFolder, defaultFolder].filter((folder) => folder !== undefined);
  const remedies = [
    ...(env === undefined
      ? []
      : [
          `set ${variables(strategy)} for a sub-account of its own, or ${variables()}, in the environment or in .env`,
        ]),
    ...folders.map((folder) => `put ${partNames.join(", ")} into the Secret mounted at ${folder}`),
  ];
  return `no exchange keys for ${strategy}: ${remedies.join("; or ")}`;
};
