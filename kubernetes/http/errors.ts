/**
 * What an answer of the API server, or the lack of one, means to the caller.
 *
 * The server's word is a `Status`. A 404 counts only as one: that an object does not exist is a fact
 * that work is undone for, and a proxy's page or a server that does not know the kind (a CRD that is
 * not installed is answered by plain text) does not state it. A write that ended in any way that
 * leaves open whether it was done is `Unknown`; a read that told nothing is `Unavailable`.
 */

import { z } from "zod";
import type { ApiError } from "../api.ts";

export type Access = "Read" | "Write";

/** An answer that is not a 2xx. */
export type Refusal = {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly text: string;
};

const statusSchema = z.object({
  kind: z.literal("Status"),
  code: z.number().optional(),
  message: z.string().optional(),
  details: z
    .object({
      retryAfterSeconds: z.number().optional(),
      causes: z
        .array(z.object({ reason: z.string().optional(), message: z.string().optional() }))
        .optional(),
    })
    .optional(),
});
type Status = z.infer<typeof statusSchema>;

const kindByCode: Readonly<Record<number, ApiError["kind"]>> = {
  400: "Invalid",
  401: "Forbidden",
  403: "Forbidden",
  404: "NotFound",
  405: "Invalid",
  406: "Invalid",
  409: "Conflict",
  410: "Expired",
  413: "Invalid",
  414: "Invalid",
  415: "Invalid",
  422: "Invalid",
  429: "TooManyRequests",
};

/** What client-go waits when the server gives no time. */
const DEFAULT_RETRY_AFTER_MS = 1000;
const EXCERPT_LENGTH = 200;

export const errorOfRefusal = (access: Access, refusal: Refusal): ApiError => {
  const status = statusOf(parseJson(refusal.text));
  const retryAfterMs = refusal.retryAfterMs ?? retryAfterOf(status);
  if (refusal.status === 404 && status === undefined) return lost(access, wordsOf(refusal));
  return toApiError(access, refusal.status, {
    message: status?.message ?? wordsOf(refusal),
    isTooLarge: status !== undefined && isTooLarge(status),
    retryAfterMs,
  });
};

/** The object of an `ERROR` event: the same Status, inside a stream. */
export const errorOfEvent = (object: unknown): ApiError => {
  const status = statusOf(object);
  if (status === undefined) return lost("Read", "the watch failed without a Status");
  return toApiError("Read", status.code ?? 500, {
    message: status.message ?? `the watch failed with code ${status.code ?? 500}`,
    isTooLarge: isTooLarge(status),
    retryAfterMs: retryAfterOf(status),
  });
};

/** No usable answer. Of a write that never left, it is certain that it was not done. */
export const lost = (access: Access, message: string, retryAfterMs?: number): ApiError => {
  if (access === "Write") return { kind: "Unknown", message };
  return retryAfterMs === undefined
    ? { kind: "Unavailable", message }
    : { kind: "Unavailable", message, retryAfterMs };
};

type Facts = {
  readonly message: string;
  readonly isTooLarge: boolean;
  readonly retryAfterMs: number | undefined;
};

const toApiError = (access: Access, code: number, facts: Facts): ApiError => {
  const { message, retryAfterMs } = facts;
  if (facts.isTooLarge) return { kind: "Expired", message };
  const kind = kindByCode[code];
  if (kind === undefined) return lost(access, message, retryAfterMs);
  if (kind !== "TooManyRequests") return { kind, message };
  return { kind, message, retryAfterMs: retryAfterMs ?? DEFAULT_RETRY_AFTER_MS };
};

/** The server has not seen the version yet. Older ones say so in the message only. */
const isTooLarge = ({ message, details }: Status): boolean =>
  details?.causes?.some(({ reason }) => reason === "ResourceVersionTooLarge") === true ||
  message?.includes("Too large resource version") === true;

const retryAfterOf = (status: Status | undefined): number | undefined => {
  const seconds = status?.details?.retryAfterSeconds;
  return seconds === undefined || seconds <= 0 ? undefined : seconds * 1000;
};

const statusOf = (value: unknown): Status | undefined => statusSchema.safeParse(value).data;

/** Proxies answer in pages: the first words of one are enough to know whose it is. */
const wordsOf = ({ status, text }: Refusal): string => {
  const words = text.replaceAll(/\s+/g, " ").trim().slice(0, EXCERPT_LENGTH);
  return `the server answered ${status}${words === "" ? " without a word" : `: ${words}`}`;
};

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
