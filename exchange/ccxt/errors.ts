/**
 * What Bitget's refusals mean, by its own codes.
 *
 * ccxt's classes are not asked: they call a timeout at the exchange an authentication error, and
 * leave a duplicate id and "system is abnormal" as the same plain error that a refusal is. So the
 * code is read from the answer that the error quotes, and a write is `Rejected` only for a code
 * listed here, because only those say that it did not happen. Everything else is `Unknown`: timeouts,
 * cut connections, HTTP 5xx, pages of HTML, codes nobody has seen before, and whatever else may be
 * thrown. (Bitget v2 error codes; the official table is incomplete, these were also seen live.)
 *
 * Knows ccxt by the form of its messages only, so that the simulation can use the table without it.
 */

import { unknown, type Unknown } from "#base/fact.ts";
import type { Outcome, Rejection, RejectionReason } from "../port.ts";
import { isRow } from "./fields.ts";

/** What a request was for, as far as it decides what a code means. */
export type Operation = "Place" | "Withdraw" | "Configure";

/** Takes secrets out of a text that is about to be shown. */
export type Redact = (text: string) => string;

/** Answers for `Withdraw`: cancelling or moving what is not there (any more). */
const notFound: ReadonlySet<string> = new Set(
  "22001 25204 40109 40768 40773 43001 43004 43025".split(" "),
);

/** Answers for `Configure`: it is already as asked. */
const unchanged: ReadonlySet<string> = new Set(["40814"]);

/** Proof that nothing happened. Absent on purpose: 40010 and 40808, which also come from outages. */
const rejections: ReadonlyArray<readonly [RejectionReason, string]> = [
  ["Unauthorized", "40001 40002 40003 40006 40009 40011 40012 40014 40018 40036 40037 40038"],
  // Another kind of account: a unified one (40085), a classic one (40084), a copy trader's (40731).
  ["Unauthorized", "40084 40085 40731"],
  ["Expired", "40004 40005 40008"],
  ["RateLimited", "429 1001 45129 50009"],
  ["InsufficientFunds", "40711 40712 40754 40755 40756 40757 40762 43012 45006 50020"],
  ["BelowMinimum", "43006 45110 45111"],
  ["InvalidSize", "45112 45113"],
  ["InvalidPrice", "43028 45035 45115"],
  ["InvalidLeverage", "40797"],
  ["InvalidOrder", "40017 400172 40019 40020 40108 40304 40305 40404 41103 43011"],
  ["NoPosition", "22002 40891 43023"],
  ["TriggerPassed", "40832 40834 40836 40915 40917 43015 43016 43034 43035 45122"],
  ["AlreadyProtected", "43030 43031"],
  ["WrongMode", "40774"],
  ["NotAllowedNow", "40013 40760 40815 40872 40889 40890 40893 40920 45009 45097 45117 45118"],
  ["Maintenance", "40200 40308 41114 43115"],
  ["BadSymbol", "40034 40309"],
];

const reasonByCode: ReadonlyMap<string, RejectionReason> = new Map(
  rejections.flatMap(([reason, codes]) => codes.split(" ").map((code) => [code, reason] as const)),
);

/** `undefined`: the code proves nothing. */
export const reasonOfCode = (code: string, operation: Operation): RejectionReason | undefined =>
  operation === "Withdraw" && notFound.has(code) ? "NotFound" : reasonByCode.get(code);

export const isNotFound = (thrown: unknown): boolean => notFound.has(codeOf(thrown) ?? "");

export const isUnchanged = (thrown: unknown): boolean => unchanged.has(codeOf(thrown) ?? "");

/** Marks what is thrown for HTTP 429, with the wait that the exchange asked for, if it did. */
export const tooManyRequests = <T extends Error>(error: T, retryAfterMs: number | undefined): T =>
  Object.assign(error, { retryAfterMs });

export const isRateLimit = (thrown: unknown): boolean =>
  (isRow(thrown) && "retryAfterMs" in thrown) ||
  reasonByCode.get(codeOf(thrown) ?? "") === "RateLimited";

export const retryAfterOf = (thrown: unknown): number | undefined => {
  const asked = isRow(thrown) ? thrown["retryAfterMs"] : undefined;
  return typeof asked === "number" ? asked : undefined;
};

/** How a write that was sent ended, when it did not end in an answer that we can read. */
export const toOutcome = (
  thrown: unknown,
  operation: Operation,
  redact: Redact,
): Rejection | Extract<Outcome<never>, { kind: "Unknown" }> => {
  const detail = describe(thrown, redact);
  const code = codeOf(thrown);
  const reason = code === undefined ? undefined : reasonOfCode(code, operation);
  return reason === undefined ? { kind: "Unknown", detail } : { kind: "Rejected", reason, detail };
};

/** A read that failed. The reason opens with its class, such as `Unauthorized`, where it has one. */
export const toUnknown = (thrown: unknown, redact: Redact): Unknown => {
  const reason = reasonByCode.get(codeOf(thrown) ?? "");
  const detail = describe(thrown, redact);
  return unknown(reason === undefined ? detail : `${reason}: ${detail}`);
};

/** ccxt quotes the whole answer of the exchange behind its own name; nothing else looks like that. */
const codeOf = (thrown: unknown): string | undefined => {
  if (!(thrown instanceof Error) || !thrown.message.startsWith("bitget {")) return undefined;
  const answer = parseJson(thrown.message.slice("bitget ".length));
  return isRow(answer) && typeof answer["code"] === "string" ? answer["code"] : undefined;
};

const parseJson = (quoted: string): unknown => {
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
};

const LONGEST_DETAIL = 300;

/** Redacted before it is cut: half a secret is still a secret. */
export const describe = (thrown: unknown, redact: Redact): string => {
  const said = thrown instanceof Error ? thrown.message : `thrown ${typeof thrown}`;
  const safe = redact(said);
  return safe.length > LONGEST_DETAIL ? `${safe.slice(0, LONGEST_DETAIL)}…` : safe;
};
