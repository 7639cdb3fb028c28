/**
 * Asks an executor what it knows. Whatever goes wrong becomes one sentence, never a default value.
 *
 * Connections are kept alive (Node's own fetch), answers are cut off at a size that no executor of
 * ours reaches, and redirects are refused: the token is for the executor and nobody it points to.
 */

import { z } from "zod";
import { err, ok, type Result } from "#base/result.ts";
import {
  executorOrders,
  executorStatus,
  type ExecutorStatus,
  type OrderRecord,
} from "#crds/executor-status.ts";
import type { Secret } from "#runtime/secret.ts";

export type ExecutorClient = {
  readonly status: (url: string, signal: AbortSignal) => Promise<Result<ExecutorStatus, string>>;
  /** Newest first. */
  readonly orders: (
    url: string,
    signal: AbortSignal,
  ) => Promise<Result<ReadonlyArray<OrderRecord>, string>>;
  /** Opens or closes the smallest position; an error says why nothing was sent. */
  readonly probe: (
    url: string,
    request: { readonly path: "test-trade" | "test-close"; readonly symbol: string },
    signal: AbortSignal,
  ) => Promise<Result<undefined, string>>;
};

/** As many as our own `/api/executor/orders` may be asked for. */
export const ORDERS_MAX = 200;

export const createExecutorClient = (token: Secret): ExecutorClient => ({
  status: (url, signal) => ask({ url: `${url}/status`, token, signal }, executorStatus),
  orders: async (url, signal) => {
    const path = `${url}/orders?limit=${ORDERS_MAX}`;
    const answer = await ask({ url: path, token, signal }, executorOrders);
    return answer.ok ? ok(answer.value.orders.slice(0, ORDERS_MAX)) : answer;
  },
  probe: async (url, { path, symbol }, signal) => {
    const answer = await get({ url: `${url}/${path}`, token, signal, body: { symbol } });
    return answer.ok ? ok(undefined) : answer;
  },
});

type Question = {
  readonly url: string;
  readonly token: Secret;
  readonly signal: AbortSignal;
  /** With one the question is a POST. */
  readonly body?: object;
};

const ask = async <T>(question: Question, schema: z.ZodType<T>): Promise<Result<T, string>> => {
  const answer = await get(question);
  if (!answer.ok) return answer;
  const parsed = schema.safeParse(answer.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return err(`the executor's answer is malformed: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const impossible = impossibleTime(parsed.data);
  if (impossible === undefined) return ok(parsed.data);
  return err(`the executor's answer is malformed: ${impossible} is not a time`);
};

/** Last millisecond that a date can show. */
const TIME_MAX_MS = 8.64e15;

/** A field that is named as a time and cannot be one: formatting it would throw wherever it is read. */
const impossibleTime = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, field] of Object.entries(value)) {
    const isTime = typeof field === "number" && /(?:^at|At)$/.test(name);
    if (isTime && (field < 0 || field > TIME_MAX_MS)) return name;
    const inside = impossibleTime(field);
    if (inside !== undefined) return inside;
  }
  return undefined;
};

const get = async ({ url, token, signal, body }: Question): Promise<Result<unknown, string>> => {
  try {
    const response = await fetch(url, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: {
        authorization: `Bearer ${token.reveal()}`,
        accept: "application/json",
        "content-type": "application/json",
      },
      redirect: "error",
      signal,
    });
    const text = await readBounded(response);
    if (text === undefined) return err("the executor's answer is too long");
    if (!response.ok) return err(`the executor answers ${response.status}${reasonIn(text)}`);
    return parseJson(text);
  } catch (error) {
    return err(signal.aborted ? "the executor does not answer in time" : failureOf(error));
  }
};

const refusal = z.object({ error: z.string().min(1) });
const REASON_MAX = 200;

/** An executor that is still starting says what it waits for. */
const reasonIn = (text: string): string => {
  const body = parseJson(text);
  const parsed = refusal.safeParse(body.ok ? body.value : undefined);
  return parsed.success ? `: ${parsed.data.error.slice(0, REASON_MAX)}` : "";
};

const parseJson = (text: string): Result<unknown, string> => {
  try {
    return ok(JSON.parse(text));
  } catch {
    return err("the executor's answer is malformed: it is not JSON");
  }
};

const BODY_MAX_BYTES = 4_000_000;

/** `undefined` when the body is longer than anything that we would want to hold. */
const readBounded = async (response: Response): Promise<string | undefined> => {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop cancels the stream, which ends the connection.
    if (text.length > BODY_MAX_BYTES) return undefined;
  }
  return text + decoder.decode();
};

/** fetch says "fetch failed" and keeps what happened in the cause. */
const failureOf = (error: unknown): string => {
  const parsed = failure.safeParse(error);
  const { cause, message } = parsed.success ? parsed.data : { cause: undefined, message: "" };
  return `the executor cannot be reached: ${cause?.code ?? cause?.message ?? message}`;
};

const failure = z.object({
  message: z.string(),
  cause: z.object({ code: z.string().optional(), message: z.string().optional() }).optional(),
});
