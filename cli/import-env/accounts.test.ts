import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { importAccounts } from "./accounts.ts";
import { readEnvFile } from "./env-file.ts";

const setOf = (suffix: string, word: string): string =>
  ["API_KEY", "SECRET", "PASSPHRASE"]
    .map((part) => `BITGET_${part}${suffix}=${word}-${part.toLowerCase()}`)
    .join("\n");

const imported = (...texts: ReadonlyArray<string>) => importAccounts(readEnvFile(texts.join("\n")));
const secretsOf = (...texts: ReadonlyArray<string>) =>
  imported(...texts).accounts.map(({ secretName }) => secretName);

const gridAtr = setOf("_GRID_ATR", "own");
const read =
  "Secret bitget-grid-atr is read by grid-atr once spec.exchange.credentialsSecretRef names it.";
const unmixed =
  " Nothing is mixed with the default account, on which grid-atr trades while it has no Secret.";

test("each account has a Secret, with its own three keys", () => {
  const { accounts, remarks, isIncomplete } = imported(
    setOf("_GRID_MULTI_TF", "tf"),
    gridAtr,
    setOf("", "all"),
  );
  const found = accounts.map(({ strategy, secretName, keys }) => [
    strategy,
    secretName,
    keys.apiKey.reveal(),
    keys.secret.reveal(),
    keys.passphrase.reveal(),
  ]);
  expect(found).toEqual([
    [undefined, "scalp-default-credentials", "all-api_key", "all-secret", "all-passphrase"],
    ["grid-atr", "bitget-grid-atr", "own-api_key", "own-secret", "own-passphrase"],
    ["grid-multi-tf", "bitget-grid-multi-tf", "tf-api_key", "tf-secret", "tf-passphrase"],
  ]);
  expect(remarks).toEqual([
    read,
    "Secret bitget-grid-multi-tf is read by grid-multi-tf once spec.exchange.credentialsSecretRef names it.",
  ]);
  expect(isIncomplete).toBe(false);
});

const without = (name: string, text: string) =>
  text
    .split("\n")
    .filter((line) => !line.startsWith(name))
    .join("\n");
const instead = (name: string, value: string) =>
  [without(name, gridAtr), `${name}=${value}`].join("\n");

test.each([
  ["a part is missing", without("BITGET_SECRET", gridAtr), "BITGET_SECRET_GRID_ATR is missing"],
  ["a part is empty", instead("BITGET_SECRET_GRID_ATR", ""), "BITGET_SECRET_GRID_ATR is empty"],
  ["a part is blank", instead("BITGET_SECRET_GRID_ATR", "'  '"), "BITGET_SECRET_GRID_ATR is empty"],
  [
    "two parts are missing",
    without("BITGET_PASSPHRASE", without("BITGET_SECRET", gridAtr)),
    "BITGET_SECRET_GRID_ATR is missing; BITGET_PASSPHRASE_GRID_ATR is missing",
  ],
  [
    "a part can be read in two ways",
    instead("BITGET_SECRET_GRID_ATR", "a#b"),
    "BITGET_SECRET_GRID_ATR (line 3) is read differently by different programs, write it in single quotes",
  ],
  [
    "a part is no text",
    instead("BITGET_SECRET_GRID_ATR", "'a\u0007b'"),
    "BITGET_SECRET_GRID_ATR (line 3) is no key, it is too long or holds a control character",
  ],
  [
    "a part is longer than an executor reads",
    instead("BITGET_SECRET_GRID_ATR", "é".repeat(2049)),
    "BITGET_SECRET_GRID_ATR (line 3) is no key, it is too long or holds a control character",
  ],
])("no Secret where %s, and nothing of the default account in it", (_, text, problem) => {
  const { accounts, remarks, isIncomplete } = imported(setOf("", "all"), "# four\n", text);
  expect(accounts.map(({ secretName }) => secretName)).toEqual(["scalp-default-credentials"]);
  const said = problem.replace("line 3", "line 8");
  expect(remarks).toEqual([`No Secret for grid-atr: ${said}.${unmixed}`]);
  expect(isIncomplete).toBe(true);
});

test("the longest key that an executor reads is taken", () => {
  const longest = instead("BITGET_SECRET_GRID_ATR", "é".repeat(2048));
  expect(secretsOf(longest)).toEqual(["bitget-grid-atr"]);
});

test("a strategy's keys do not fill up the default account", () => {
  const { accounts, remarks, isIncomplete } = imported("BITGET_API_KEY=x", gridAtr);
  expect(accounts.map(({ strategy }) => strategy)).toEqual(["grid-atr"]);
  expect(remarks).toEqual([
    "No Secret for the default account: BITGET_SECRET is missing; BITGET_PASSPHRASE is missing.",
    read,
  ]);
  expect(isIncomplete).toBe(true);
});

test("the example as it is copied has no keys, and nothing is incomplete", () => {
  const { accounts, remarks, isIncomplete } = imported(readFileSync(".env.example", "utf8"));
  expect(accounts).toEqual([]);
  expect(remarks).toEqual([
    "No Secret for the default account: BITGET_API_KEY is empty; BITGET_SECRET is empty; BITGET_PASSPHRASE is empty.",
    "LIVE_TRADING is left out: it is the Helm value liveTrading, which is false until you set it.",
  ]);
  expect(isIncomplete).toBe(false);
});

test("of a variable that is written twice the last one counts, even an empty one", () => {
  const twice = imported(gridAtr, "BITGET_SECRET_GRID_ATR=later");
  expect(twice.accounts[0]?.keys.secret.reveal()).toBe("later");
  expect(twice.remarks).toEqual([
    read,
    "BITGET_SECRET_GRID_ATR is written more than once: lines 2, 4. The last one counts.",
  ]);
  expect(imported(gridAtr, "BITGET_SECRET_GRID_ATR=").isIncomplete).toBe(true);
});

test("two accounts with one key are told", () => {
  const { accounts, remarks } = imported(setOf("", "same"), setOf("_GRID_ATR", "same"));
  expect(accounts).toHaveLength(2);
  expect(remarks).toEqual([
    read,
    "The key of grid-atr is the key of the default account too: they share money and rate limit.",
  ]);
});

test("what is no key of an account is left out by name", () => {
  const others = [
    "LIVE_TRADING=true",
    "TELEGRAM_BOT_TOKEN=word",
    "SYNC_API_KEY=word",
    "BITGET_API_SECRET=word",
    "BITGET_API_KEY_=word",
    "BITGET_API_KEY__X=word",
    `BITGET_API_KEY_${"X".repeat(64)}=word`,
    "LOG_LEVEL=DEBUG",
    "HEARTBEAT_INTERVAL=3600",
  ];
  const { accounts, remarks, isIncomplete } = imported(gridAtr, ...others);
  expect(accounts).toHaveLength(1);
  const secretive = [
    "TELEGRAM_BOT_TOKEN",
    "SYNC_API_KEY",
    "BITGET_API_SECRET",
    "BITGET_API_KEY_",
    "BITGET_API_KEY__X",
    `BITGET_API_KEY_${"X".repeat(64)}`,
  ];
  expect(remarks).toEqual([
    read,
    ...secretive.map(
      (name) => `${name} is left out: it looks like a key, but is none of an account.`,
    ),
    "LIVE_TRADING is left out: it is the Helm value liveTrading, which is false until you set it.",
    "Left out, since they are no keys: LOG_LEVEL, HEARTBEAT_INTERVAL.",
  ]);
  expect(isIncomplete).toBe(false);
});

test("lines that may be pieces of keys are counted, at most ten of them, and not shown", () => {
  const [, ...remarks] = imported(
    gridAtr,
    ...Array.from({ length: 12 }, () => "c2VjcmV0="),
  ).remarks;
  expect(remarks).toEqual([
    "Not read, and not shown, since it may be a piece of a key: lines 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more. A line is NAME=value, with the name in capitals.",
  ]);
});

test("no remark and no way of printing shows a value", () => {
  const found = imported(
    setOf("", "hidden"),
    setOf("_GRID_ATR", "hidden"),
    "BITGET_SECRET_X=hidden",
    "BITGET_SECRET_X=hidden#",
    "MY_TOKEN=hidden",
    "hidden",
    "hidden=1",
  );
  expect(found.accounts).toHaveLength(2);
  expect(found.remarks).toHaveLength(6);
  expect(inspect(found, { depth: 9 }) + JSON.stringify(found)).not.toContain("hidden");
});
