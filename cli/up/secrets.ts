/**
 * What a session keeps to itself: the tokens of its processes, and the keys of its emulator accounts.
 *
 * Made once per folder and kept, so that a run that goes on finds its accounts again. Each strategy
 * has an account of its own; a few more are opened beforehand for strategies that come later, since
 * the emulator opens its accounts when it starts.
 */

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { replaceFile } from "#runtime/files.ts";

export type Token = { readonly path: string; readonly value: string };

/** A token in a file that only its owner may read. */
export const keepToken = (folder: string, name: string, given?: string): Token => {
  const path = join(folder, "secrets", name);
  mkdirSync(join(folder, "secrets"), { recursive: true, mode: 0o700 });
  if (given !== undefined || !existsSync(path)) {
    writeFileSync(path, `${given ?? randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  }
  return { path, value: readFileSync(path, "utf8").trim() };
};

export type EmulatorAccounts = {
  /** `key:secret:passphrase:balance` of every account, as the emulator takes them. */
  readonly arguments: ReadonlyArray<string>;
  /** The folder with the keys of a strategy's own account: apiKey, secret, passphrase. */
  readonly folderOf: (strategyUid: string) => string;
};

const account = z.object({ apiKey: z.string(), secret: z.string(), passphrase: z.string() });
const file = z.object({ accounts: z.array(account), owners: z.record(z.string(), z.int()) });

const ACCOUNTS = 24;

export const keepAccounts = (folder: string, balance: string): EmulatorAccounts => {
  const path = join(folder, "secrets", "accounts.json");
  const kept = existsSync(path)
    ? file.parse(JSON.parse(readFileSync(path, "utf8")))
    : { accounts: Array.from({ length: ACCOUNTS }, newAccount), owners: {} };
  const owners = new Map(Object.entries(kept.owners));
  const save = () =>
    replaceFile(path, JSON.stringify({ ...kept, owners: Object.fromEntries(owners) }));
  save();
  return {
    arguments: kept.accounts.map((one) =>
      [one.apiKey, one.secret, one.passphrase, balance].join(":"),
    ),
    folderOf: (strategyUid) => {
      // Past the last account, strategies share them: the executors will notice and say so.
      const index = owners.get(strategyUid) ?? owners.size % kept.accounts.length;
      if (!owners.has(strategyUid)) {
        owners.set(strategyUid, index);
        save();
      }
      const keys = kept.accounts[index] ?? newAccount();
      const target = join(folder, "secrets", `keys-${index}`);
      for (const [name, value] of Object.entries(keys)) {
        replaceFile(join(target, name), `${value}\n`);
      }
      return target;
    },
  };
};

const newAccount = (): z.infer<typeof account> => ({
  apiKey: `demo-${randomBytes(8).toString("hex")}`,
  secret: randomBytes(16).toString("hex"),
  passphrase: randomBytes(8).toString("hex"),
});
