/** The customers: who holds which key, and what their account is called. */

import { chance } from "#base/random.ts";
import { err, ok, type Result } from "#base/result.ts";
import { secret, type Secret } from "#runtime/secret.ts";
import { uid, type Uid } from "../engine/state.ts";

export type Credential = {
  readonly key: string;
  readonly secret: Secret;
  readonly passphrase: Secret;
  readonly uid: Uid;
  /** What a new account begins with. */
  readonly balance: string;
};

export type Credentials = ReadonlyMap<string, Credential>;

const ACCOUNTS_MAX = 100;
const KEY = /^[0-9A-Za-z_-]{1,64}$/;
const BALANCE = /^\d{1,12}(?:\.\d{1,8})?$/;

/**
 * Each text is `key:secret:passphrase:balance`. Complaints count the accounts and never repeat what
 * was given: it holds a secret.
 */
export const parseAccounts = (texts: ReadonlyArray<string>): Result<Credentials, string> => {
  if (texts.length === 0) {
    return err("the emulator needs an account: key:secret:passphrase:balance");
  }
  if (texts.length > ACCOUNTS_MAX) {
    return err(`${texts.length} accounts are given, at most ${ACCOUNTS_MAX} are possible`);
  }
  const byKey = new Map<string, Credential>();
  for (const [index, text] of texts.entries()) {
    const parsed = parseAccount(text);
    if (!parsed.ok) return err(`account ${index + 1}: ${parsed.error}`);
    const credential = parsed.value;
    if (byKey.has(credential.key)) return err(`account ${index + 1}: its key is given twice`);
    const shared = [...byKey.values()].some((other) => other.uid === credential.uid);
    if (shared) return err(`account ${index + 1}: choose another key, this one's number is taken`);
    byKey.set(credential.key, credential);
  }
  return ok(byKey);
};

const parseAccount = (text: string): Result<Credential, string> => {
  const [key = "", hidden = "", passphrase = "", balance = "", ...more] = text.split(":");
  if (more.length > 0 || hidden === "" || passphrase === "") {
    return err("it must be key:secret:passphrase:balance, none of them empty or with a colon");
  }
  if (!KEY.test(key)) return err("the key must be 1 to 64 letters, digits, _ or -");
  if (!BALANCE.test(balance)) return err("the balance must be digits with at most 8 decimals");
  return ok({
    key,
    secret: secret(hidden),
    passphrase: secret(passphrase),
    uid: uidOf(key),
    balance,
  });
};

/** Ten digits that follow from the key, so that a key is the same customer in every session. */
const uidOf = (key: string): Uid => uid(String(1e9 + Math.floor(chance(0, "uid", key) * 9e9)));
