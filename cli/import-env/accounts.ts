/**
 * Which accounts an environment file has whole sets of keys of, and what it has beside them.
 *
 * The parts of an account are never taken from two: a strategy whose set is not whole gets no Secret.
 * Remarks are sentences for people. They name variables and lines, and hold no value.
 */

import {
  keyVariables,
  PART_BYTES_MAX,
  partNames,
  sharesAccount,
  usable,
  type Part,
} from "#runtime/keys.ts";
import { secret, type Secret } from "#runtime/secret.ts";
import type { Assignment, EnvFile } from "./env-file.ts";

export type Account = {
  /** `undefined` for the default account. */
  readonly strategy: string | undefined;
  readonly secretName: string;
  readonly keys: Readonly<Record<Part, Secret>>;
};

export type Import = {
  /** The default account first, then by the names of strategies. */
  readonly accounts: ReadonlyArray<Account>;
  readonly remarks: ReadonlyArray<string>;
  /** Whether an account of which there is something gets no Secret. */
  readonly isIncomplete: boolean;
};

/** The name that the chart and the operator have for it where nobody says another one. */
export const DEFAULT_SECRET = "scalp-default-credentials";

export const importAccounts = ({ assignments, unreadLines }: EnvFile): Import => {
  const byName = new Map(assignments.map((assignment) => [assignment.name, assignment]));
  const owners = new Set([...byName.keys()].flatMap((name) => ownerOf(name)));
  const strategies = [...owners].filter((owner) => owner !== undefined).toSorted();
  const found = [...(owners.has(undefined) ? [undefined] : []), ...strategies].map((owner) =>
    readAccount(owner, byName),
  );
  const accounts = found.flatMap(({ account }) => account ?? []);
  return {
    accounts,
    remarks: [
      ...found.flatMap(({ remark }) => remark ?? []),
      ...sharedAccounts(accounts),
      ...repeated(assignments),
      ...leftOut([...byName.keys()]),
      ...unread(unreadLines),
    ],
    isIncomplete: found.some(({ isIncomplete }) => isIncomplete),
  };
};

/** The account that a variable is a part of: none, the default one, or a strategy's. */
const ownerOf = (variable: string): ReadonlyArray<string | undefined> => {
  const defaults = keyVariables();
  for (const part of partNames) {
    if (variable === defaults[part]) return [undefined];
    if (!variable.startsWith(`${defaults[part]}_`)) continue;
    const suffix = variable.slice(defaults[part].length + 1);
    const strategy = suffix.toLowerCase().replaceAll("_", "-");
    return OBJECT_NAME.test(strategy) && keyVariables(strategy)[part] === variable
      ? [strategy]
      : [];
  }
  return [];
};

/** Of a LiveStrategy, as Kubernetes has it. */
const OBJECT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

type Found = {
  readonly account?: Account;
  readonly remark?: string;
  readonly isIncomplete: boolean;
};

const readAccount = (
  strategy: string | undefined,
  byName: ReadonlyMap<string, Assignment>,
): Found => {
  const variables = keyVariables(strategy);
  const parts = partNames.map((part) => readPart(part, variables[part], byName));
  const { apiKey, secret: key, passphrase } = Object.fromEntries(parts.map((p) => [p.part, p.key]));
  if (apiKey !== undefined && key !== undefined && passphrase !== undefined) {
    const secretName = strategy === undefined ? DEFAULT_SECRET : `bitget-${strategy}`;
    const account = { strategy, secretName, keys: { apiKey, secret: key, passphrase } };
    return {
      account,
      isIncomplete: false,
      ...(strategy !== undefined && { remark: used(account) }),
    };
  }
  const isIncomplete = parts.some(({ isPresent }) => isPresent);
  const problems = parts.flatMap(({ problem }) => problem ?? []).join("; ");
  const whose = strategy ?? "the default account";
  const consequence =
    strategy === undefined
      ? ""
      : ` Nothing is mixed with the default account, on which ${strategy} trades while it has no Secret.`;
  return { isIncomplete, remark: `No Secret for ${whose}: ${problems}.${consequence}` };
};

const used = ({ strategy, secretName }: Account): string =>
  `Secret ${secretName} is read by ${strategy} once spec.exchange.credentialsSecretRef names it.`;

type PartFound = {
  readonly part: Part;
  readonly key?: Secret;
  readonly problem?: string;
  /** Whether somebody meant to give it. */
  readonly isPresent: boolean;
};

const readPart = (
  part: Part,
  variable: string,
  byName: ReadonlyMap<string, Assignment>,
): PartFound => {
  const assignment = byName.get(variable);
  if (assignment === undefined) {
    return { part, problem: `${variable} is missing`, isPresent: false };
  }
  const { line, value } = assignment;
  if (value === undefined) {
    const problem = `${variable} (line ${line}) is read differently by different programs, write it in single quotes`;
    return { part, problem, isPresent: true };
  }
  if (value.trim() === "") return { part, problem: `${variable} is empty`, isPresent: false };
  const key = usable(value);
  if (key === undefined || Buffer.byteLength(key) > PART_BYTES_MAX) {
    const problem = `${variable} (line ${line}) is no key, it is too long or holds a control character`;
    return { part, problem, isPresent: true };
  }
  return { part, key: secret(key), isPresent: true };
};

const nameOf = ({ strategy }: Account): string => strategy ?? "the default account";

const sharedAccounts = (accounts: ReadonlyArray<Account>): ReadonlyArray<string> =>
  accounts.flatMap((account, index) =>
    accounts
      .slice(index + 1)
      .filter((other) => sharesAccount(account.keys, other.keys))
      .map(
        (other) =>
          `The key of ${nameOf(other)} is the key of ${nameOf(account)} too: they share money and rate limit.`,
      ),
  );

const repeated = (assignments: ReadonlyArray<Assignment>): ReadonlyArray<string> =>
  [...Map.groupBy(assignments, ({ name }) => name)]
    .filter(([, same]) => same.length > 1)
    .map(
      ([name, same]) =>
        `${name} is written more than once: ${linesOf(same.map(({ line }) => line))}. The last one counts.`,
    );

const leftOut = (names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const rest = names.filter((name) => ownerOf(name).length === 0 && name !== "LIVE_TRADING");
  const secretive = rest.filter((name) => SECRETIVE.test(name));
  const others = rest.filter((name) => !SECRETIVE.test(name));
  return [
    ...secretive.map(
      (name) => `${name} is left out: it looks like a key, but is none of an account.`,
    ),
    ...(names.includes("LIVE_TRADING")
      ? [
          "LIVE_TRADING is left out: it is the Helm value liveTrading, which is false until you set it.",
        ]
      : []),
    ...(others.length === 0 ? [] : [`Left out, since they are no keys: ${others.join(", ")}.`]),
  ];
};

const SECRETIVE = /^BITGET_|KEY|SECRET|TOKEN|PASS|CREDENTIAL/;

const unread = (lines: ReadonlyArray<number>): ReadonlyArray<string> =>
  lines.length === 0
    ? []
    : [
        `Not read, and not shown, since it may be a piece of a key: ${linesOf(lines)}. A line is NAME=value, with the name in capitals.`,
      ];

const LINES_SHOWN_MAX = 10;

const linesOf = (lines: ReadonlyArray<number>): string => {
  const shown = lines.slice(0, LINES_SHOWN_MAX).join(", ");
  const more = lines.length - LINES_SHOWN_MAX;
  return `${lines.length === 1 ? "line" : "lines"} ${shown}${more > 0 ? ` and ${more} more` : ""}`;
};
