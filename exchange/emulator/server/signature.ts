/**
 * Who signed a request, and whether it may still be believed.
 *
 * The exchange signs `timestamp + METHOD + path?query + body`. Clients disagree on whether the query
 * is signed as it travels or decoded, so either is taken. A signature is good for thirty seconds of
 * the exchange's time before and after its own timestamp.
 */

import { createHmac } from "node:crypto";
import type { Millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { isSame } from "#runtime/http.ts";
import type { Refusal } from "../engine/refusal.ts";
import type { Credential, Credentials } from "./accounts.ts";

export const SIGNATURE_TOLERANCE_MS = 30_000;

export type SignedRequest = {
  readonly method: string;
  readonly path: string;
  /** As it came, without the question mark. */
  readonly rawQuery: string;
  readonly rawBody: string;
  readonly header: (name: string) => string | undefined;
};

const refusal = (code: string, message: string) => err<Refusal>({ code, message });

export const authenticate = (
  credentials: Credentials,
  request: SignedRequest,
  now: Millis,
): Result<Credential, Refusal> => {
  const claims = readClaims(request);
  if (!claims.ok) return claims;
  const { key, sign, timestamp, passphrase } = claims.value;
  const credential = credentials.get(key);
  if (credential === undefined) return refusal("40037", "Apikey does not exist");
  if (!isSame(passphrase, credential.passphrase.reveal())) {
    return refusal("40012", "apikey/password is incorrect");
  }
  if (!/^\d{10,16}$/.test(timestamp)) return refusal("40005", "Invalid ACCESS_TIMESTAMP");
  if (Math.abs(now - Number(timestamp)) > SIGNATURE_TOLERANCE_MS) {
    return refusal("40008", "Request timestamp expired");
  }
  const signed = textsOf(request, timestamp).some((text) =>
    isSame(sign, signatureOf(text, credential)),
  );
  return signed ? ok(credential) : refusal("40009", "sign signature error");
};

type Claims = {
  readonly key: string;
  readonly sign: string;
  readonly timestamp: string;
  readonly passphrase: string;
};

const readClaims = ({ header }: SignedRequest): Result<Claims, Refusal> => {
  const key = header("access-key");
  if (key === undefined || key === "") return refusal("40001", "ACCESS_KEY cannot be empty");
  const sign = header("access-sign");
  if (sign === undefined || sign === "") return refusal("40002", "ACCESS_SIGN cannot be empty");
  const timestamp = header("access-timestamp");
  if (timestamp === undefined) return refusal("40005", "Invalid ACCESS_TIMESTAMP");
  const passphrase = header("access-passphrase");
  if (passphrase === undefined || passphrase === "") {
    return refusal("40011", "ACCESS_PASSPHRASE cannot be empty");
  }
  return ok({ key, sign, timestamp, passphrase });
};

const textsOf = (request: SignedRequest, timestamp: string): ReadonlyArray<string> => {
  const { method, path, rawQuery, rawBody } = request;
  const queries = rawQuery === "" ? [""] : [`?${rawQuery}`, `?${decode(rawQuery)}`];
  return [...new Set(queries)].map((query) => `${timestamp}${method}${path}${query}${rawBody}`);
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    // A malformed escape cannot have been signed decoded: the raw text is the only candidate.
    return text;
  }
};

export const signatureOf = (text: string, { secret }: Pick<Credential, "secret">): string =>
  createHmac("sha256", secret.reveal()).update(text).digest("base64");
