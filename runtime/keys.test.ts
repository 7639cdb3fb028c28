import { expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { accountIdentity, keyVariables, resolveKeys, sharesAccount, type Keys } from "./keys.ts";

const globalEnv = {
  BITGET_API_KEY: "global-key",
  BITGET_SECRET: "global-secret",
  BITGET_PASSPHRASE: "global-phrase",
};
const ownEnv = {
  BITGET_API_KEY_GRID_ATR: "own-key",
  BITGET_SECRET_GRID_ATR: "own-secret",
  BITGET_PASSPHRASE_GRID_ATR: "own-phrase",
};

const keysOf = (sources: Parameters<typeof resolveKeys>[0]): Keys => {
  const keys = resolveKeys(sources);
  if (!keys.ok) throw new Error(keys.error);
  return keys.value;
};
const revealed = ({ apiKey, secret, passphrase }: Keys) => [
  apiKey.reveal(),
  secret.reveal(),
  passphrase.reveal(),
];
const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "keys-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};
const whole = { apiKey: "file-key", secret: "file-secret", passphrase: "file-phrase" };

test("a strategy's own variables are taken, whichever way its name is written", () => {
  for (const strategy of ["grid-atr", "grid_atr"]) {
    const keys = keysOf({ strategy, env: { ...globalEnv, ...ownEnv } });
    expect(revealed(keys)).toEqual(["own-key", "own-secret", "own-phrase"]);
    expect(keys.dedicated).toBe(true);
    expect(keys.warnings).toEqual([]);
  }
});

test("without keys of its own a strategy takes the global ones", () => {
  const keys = keysOf({ strategy: "grid-boltrend", env: { ...globalEnv, ...ownEnv } });
  expect(revealed(keys)).toEqual(["global-key", "global-secret", "global-phrase"]);
  expect(keys.dedicated).toBe(false);
  expect(keys.source).toBe("the environment (BITGET_API_KEY, …)");
});

test("a partial set of its own is not mixed with the global one, and is named", () => {
  const { BITGET_SECRET_GRID_ATR: _, ...partial } = ownEnv;
  const env = { ...globalEnv, ...partial, BITGET_PASSPHRASE_GRID_ATR: "  \n" };
  const keys = keysOf({ strategy: "grid-atr", env });
  expect(revealed(keys)).toEqual(["global-key", "global-secret", "global-phrase"]);
  expect(keys.dedicated).toBe(false);
  expect(keys.warnings).toEqual([
    "the keys in the environment (BITGET_API_KEY_GRID_ATR, …) are not used: BITGET_SECRET_GRID_ATR and BITGET_PASSPHRASE_GRID_ATR are missing or empty",
  ]);
});

test("no keys at all is a sentence that names the variables and the file", () => {
  const none = resolveKeys({ strategy: "grid-atr", env: {} });
  expect(none).toEqual({
    ok: false,
    error:
      "no exchange keys for grid-atr: set BITGET_API_KEY_GRID_ATR, BITGET_SECRET_GRID_ATR, BITGET_PASSPHRASE_GRID_ATR for a sub-account of its own, or BITGET_API_KEY, BITGET_SECRET, BITGET_PASSPHRASE, in the environment or in .env",
  });
});

test("partial sets everywhere are no keys, and each is named", () => {
  const env = { BITGET_API_KEY: "a", BITGET_SECRET_GRID_ATR: "b" };
  const none = resolveKeys({ strategy: "grid-atr", env });
  expect(none.ok ? "" : none.error).toContain("BITGET_SECRET and BITGET_PASSPHRASE are missing");
  expect(none.ok ? "" : none.error).toContain("BITGET_API_KEY_GRID_ATR and BITGET_PASSPHRASE_GRID");
});

test("mounted Secrets are read, the strategy's own before the default one", () => {
  const defaultFolder = folderWith({ apiKey: "d1", secret: "d2", passphrase: "d3" });
  const dedicatedFolder = folderWith(whole);
  const own = keysOf({ strategy: "grid-atr", dedicatedFolder, defaultFolder });
  expect(revealed(own)).toEqual(["file-key", "file-secret", "file-phrase"]);
  expect(own.dedicated).toBe(true);
  // Optional Secrets are mounted as empty folders, or not at all.
  for (const absent of [folderWith({}), join(dedicatedFolder, "nowhere")]) {
    const fallen = keysOf({ strategy: "grid-atr", dedicatedFolder: absent, defaultFolder });
    expect(revealed(fallen)).toEqual(["d1", "d2", "d3"]);
    expect([fallen.dedicated, fallen.warnings]).toEqual([false, []]);
  }
});

test("a Secret that lacks a key falls back to the default one, and is named", () => {
  const dedicatedFolder = folderWith({ apiKey: "k", secret: "s", passphrase: "" });
  const defaultFolder = folderWith(whole);
  const keys = keysOf({ strategy: "grid-atr", dedicatedFolder, defaultFolder });
  expect(keys.dedicated).toBe(false);
  expect(keys.warnings).toEqual([
    `the keys in the Secret at ${dedicatedFolder} are not used: passphrase is missing or empty`,
  ]);
});

test("missing Secrets are a sentence that names the folders and the keys", () => {
  const none = resolveKeys({ strategy: "a", dedicatedFolder: "/own", defaultFolder: "/default" });
  expect(none.ok ? "" : none.error).toBe(
    "no exchange keys for a: put apiKey, secret, passphrase into the Secret mounted at /own; or put apiKey, secret, passphrase into the Secret mounted at /default",
  );
});

const written = ["value\n", "value\r\n", "\uFEFFvalue", "  value ", "\uFEFFvalue\r\n\r\n"];

test.each(written)("what an editor adds to a key is taken off: %j", (text) => {
  const dedicatedFolder = folderWith({ ...whole, secret: text });
  expect(keysOf({ strategy: "a", dedicatedFolder }).secret.reveal()).toBe("value");
});

test("what cannot be a key counts as absent", () => {
  for (const text of ["", "\n", "one\ntwo", "nul\0", "x".repeat(5000)]) {
    const dedicatedFolder = folderWith({ ...whole, secret: text });
    expect(resolveKeys({ strategy: "a", dedicatedFolder }).ok).toBe(false);
  }
  const dedicatedFolder = folderWith({ apiKey: "k", passphrase: "p" });
  mkdirSync(join(dedicatedFolder, "secret"));
  expect(resolveKeys({ strategy: "a", dedicatedFolder }).ok).toBe(false);
});

test("the parts are read through the link that the kubelet swaps, never across it", () => {
  const dedicatedFolder = folderWith({});
  const version = join(dedicatedFolder, "..2026_11_21");
  mkdirSync(version);
  for (const [name, text] of Object.entries(whole)) writeFileSync(join(version, name), text);
  symlinkSync("..2026_11_21", join(dedicatedFolder, "..data"));
  // A file beside the link, as a reader in the middle of a rotation would see it.
  writeFileSync(join(dedicatedFolder, "apiKey"), "of another version");
  expect(revealed(keysOf({ strategy: "a", dedicatedFolder }))).toEqual([
    "file-key",
    "file-secret",
    "file-phrase",
  ]);
});

test("strategies share an account when they trade with the same key", () => {
  const env = { ...globalEnv, ...ownEnv };
  const [one, two, own] = ["a", "b", "grid-atr"].map((strategy) => keysOf({ strategy, env }));
  if (one === undefined || two === undefined || own === undefined) throw new Error("three keys");
  expect([sharesAccount(one, two), sharesAccount(one, own)]).toEqual([true, false]);
  expect(accountIdentity(one)).toMatch(/^[0-9a-f]{64}$/);
});

test("nothing that is printed holds a value", () => {
  const env = { ...globalEnv, BITGET_API_KEY_GRID_ATR: "canary" };
  const keys = resolveKeys({ strategy: "grid-atr", env });
  const none = resolveKeys({ strategy: "grid-atr", env: { BITGET_SECRET: "canary" } });
  const printed = [JSON.stringify(keys), inspect(keys, { depth: 9 }), JSON.stringify(none)].join();
  expect(printed).not.toMatch(/canary|global-key|global-secret|global-phrase/);
});

test("the variables are those that existing installations have", () => {
  expect(keyVariables()).toEqual({
    apiKey: "BITGET_API_KEY",
    secret: "BITGET_SECRET",
    passphrase: "BITGET_PASSPHRASE",
  });
  expect(keyVariables("grid_multi_tf").apiKey).toBe("BITGET_API_KEY_GRID_MULTI_TF");
  expect(keyVariables("btc-grid.2").secret).toBe("BITGET_SECRET_BTC_GRID_2");
});
