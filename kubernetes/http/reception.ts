/**
 * One request on the wire, and what became of it.
 *
 * The deadline is the caller's clock's and covers the wait for a connection, the answer's head and
 * its body. What matters most about a request that failed is whether any of it may have left: undici
 * says so by starting it, which happens once a connection stands, in the call that writes the bytes.
 * Until then nothing has left, and a request that is given up never will.
 */

import type { Dispatcher } from "undici";
import type { Timers } from "#base/clock.ts";

export type Outcome =
  | {
      readonly kind: "Answered";
      readonly status: number;
      readonly retryAfterMs: number | undefined;
      readonly text: string;
    }
  | {
      readonly kind: "Lost";
      /** Whether the server may have it. */
      readonly isSent: boolean;
      /** The connection ended before an answer began, as kept ones do now and then. */
      readonly isBroken: boolean;
      readonly message: string;
    };

export type Limits = { readonly deadlineMs: number; readonly bytesMax: number };

export type Reception = {
  readonly handler: Required<
    Pick<
      Dispatcher.DispatchHandler,
      "onRequestStart" | "onResponseStart" | "onResponseData" | "onResponseEnd" | "onResponseError"
    >
  >;
  readonly outcome: Promise<Outcome>;
  readonly giveUp: (message: string) => void;
  /** The head of the answer was all that was waited for: the deadline is off. */
  readonly release: () => void;
};

type Head = { readonly status: number; readonly retryAfterMs: number | undefined };

export const createReception = (
  { timers }: { readonly timers: Timers },
  { deadlineMs, bytesMax }: Limits,
): Reception => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let head: Head | undefined;
  let controller: Dispatcher.DispatchController | undefined;
  let isSettled = false;
  const release = () => {
    isSettled = true;
    cancelDeadline();
  };
  const settle = (outcome: Outcome) => {
    if (isSettled) return;
    release();
    resolve(outcome);
  };
  const lose = (message: string, isBroken: boolean) =>
    settle({ kind: "Lost", isSent: controller !== undefined, isBroken, message });
  const giveUp = (message: string) => {
    lose(message, false);
    controller?.abort(new Error(message));
  };
  const cancelDeadline = timers.after(deadlineMs, () =>
    giveUp(`no answer within ${Math.round(deadlineMs)} ms`),
  );
  return {
    outcome: promise,
    giveUp,
    release,
    handler: {
      onRequestStart: (started) => {
        // Given up while it waited. Thrown, and not aborted, it leaves the connection to others.
        if (isSettled) throw new Error("given up before it was sent");
        controller = started;
      },
      onResponseStart: (_, status, headers) => {
        head = { status, retryAfterMs: toRetryAfterMs(headers["retry-after"]) };
      },
      onResponseData: (_, chunk) => {
        bytes += chunk.length;
        if (bytes > bytesMax) giveUp(`the answer is larger than ${bytesMax} bytes`);
        else chunks.push(chunk);
      },
      onResponseEnd: () => {
        if (head !== undefined) settle({ kind: "Answered", ...head, text: decode(chunks) });
      },
      onResponseError: (_, error) => lose(describe(error), head === undefined && isBreak(error)),
    },
  };
};

const decode = (chunks: ReadonlyArray<Buffer>): string => {
  const [first] = chunks;
  const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  return whole.toString("utf8");
};

/** Seconds. Dates, which HTTP allows too, are not something that the API server sends. */
const toRetryAfterMs = (header: string | string[] | undefined): number | undefined =>
  typeof header === "string" && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;

const codeOf = (error: Error): string | undefined =>
  "code" in error && typeof error.code === "string" ? error.code : undefined;

const isBreak = (error: Error): boolean =>
  ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(codeOf(error) ?? "");

/** A refusal at several addresses of one name is an error of errors, without a message. */
const describe = (error: Error): string => {
  if (error.message !== "") return error.message;
  return codeOf(error) ?? error.name;
};
