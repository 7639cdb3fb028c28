/**
 * The envelope and the parameters of every request, as Bitget has them: codes are texts, `00000` is
 * success, a refusal comes with HTTP 400, times are numbers only in `requestTime`.
 */

import { z } from "zod";
import type { Millis } from "#base/clock.ts";
import { ok, type Result } from "#base/result.ts";
import { refuse, type Refusal } from "../engine/refusal.ts";

export type Reply = {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
};

const SUCCESS = "00000";

export const success = (data: unknown, at: Millis): Reply =>
  json(200, { code: SUCCESS, msg: "success", requestTime: at, data });

export const failure = ({ code, message }: Refusal, at: Millis, status = 400): Reply =>
  json(status, { code, msg: message, requestTime: at, data: null });

const json = (status: number, body: unknown): Reply => ({
  status,
  contentType: "application/json; charset=utf-8",
  text: JSON.stringify(body),
});

/** Clients send numbers where the exchange documents texts. */
export const text = z.union([z.string().max(128), z.number()]).transform(String);
export const optionalText = text
  .nullish()
  .transform((value) => (value === null || value === "" ? undefined : value));

/** Upper case for these in requests, lower case in answers. */
export const lowerCase = <const Values extends ReadonlyArray<string>>(values: Values) =>
  z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(values));

/** A count in a query: `limit=100`. */
export const count = (fallback: number, max: number) =>
  optionalText.transform((value) => {
    const given = value === undefined ? fallback : Number(value);
    return Number.isInteger(given) && given > 0 ? Math.min(given, max) : fallback;
  });

/** An instant in a query, in epoch milliseconds. */
export const instant = optionalText.transform((value) => {
  const given = value === undefined ? Number.NaN : Number(value);
  return Number.isFinite(given) ? given : undefined;
});

export type Params = Readonly<Record<string, unknown>>;

/** The parameters of one endpoint; a bad one is named as the exchange names it. */
export const readParams = <T>(schema: z.ZodType<T>, params: Params): Result<T, Refusal> => {
  const parsed = schema.safeParse(params);
  if (parsed.success) return ok(parsed.data);
  const name = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
  return params[name] === undefined || params[name] === ""
    ? refuse("40019", name)
    : refuse("40020", name);
};

/** Numbers that do not pass for money: prices and volumes of market data. No exponent, no `.0`. */
export const plainNumber = (value: number, places = 8): string => {
  const fixed = value.toFixed(places);
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
};
