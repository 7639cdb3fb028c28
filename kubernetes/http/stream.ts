/**
 * An answer that is read while it comes: the body of a watch.
 *
 * Up to the head it is a request like any other, with its deadline; from then on there is none, since
 * a quiet watch is a healthy one (whoever watches knows how long quiet may last). The consumer sets
 * the pace: while it is behind, the connection is not read, so a burst waits in the server's
 * buffers and not in our memory.
 */

import type { Dispatcher } from "undici";
import type { Timers } from "#base/clock.ts";
import { createReception, type Limits, type Outcome } from "./reception.ts";

export type Opened = { readonly kind: "Opened"; readonly chunks: AsyncIterable<Buffer> };

/** Bytes that may wait for the consumer before the connection is no longer read, and is again. */
const PAUSE_AT = 1024 * 1024;
const RESUME_AT = PAUSE_AT / 2;

export type StreamRequest = {
  readonly dispatcher: Dispatcher;
  readonly options: Dispatcher.DispatchOptions;
  readonly limits: Limits;
};

export const openStream = (
  deps: { readonly timers: Timers },
  { dispatcher, options, limits }: StreamRequest,
  signal: AbortSignal,
): Promise<Opened | Outcome> => {
  const reception = createReception(deps, limits);
  const { handler } = reception;
  const { promise, resolve } = Promise.withResolvers<Opened | Outcome>();
  const callOff = () => reception.giveUp("the watch was called off");
  let inlet: Inlet | undefined;
  const settleWith = async (outcome: Promise<Outcome>) => {
    resolve(await outcome);
    signal.removeEventListener("abort", callOff);
  };
  signal.addEventListener("abort", callOff, { once: true });
  void settleWith(reception.outcome);
  if (signal.aborted) {
    callOff();
    return promise;
  }
  dispatcher.dispatch(options, {
    onRequestStart: handler.onRequestStart,
    onResponseStart: (controller, status, headers, text) => {
      if (status !== 200) return handler.onResponseStart(controller, status, headers, text);
      reception.release();
      signal.removeEventListener("abort", callOff);
      inlet = createInlet(controller, signal);
      resolve({ kind: "Opened", chunks: inlet.chunks });
    },
    onResponseData: (controller, chunk) =>
      inlet === undefined ? handler.onResponseData(controller, chunk) : inlet.push(chunk),
    onResponseEnd: (controller, trailers) =>
      inlet === undefined ? handler.onResponseEnd(controller, trailers) : inlet.end(),
    onResponseError: (controller, error) =>
      inlet === undefined ? handler.onResponseError(controller, error) : inlet.fail(error),
  });
  return promise;
};

type Inlet = {
  readonly push: (chunk: Buffer) => void;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
  readonly chunks: AsyncIterable<Buffer>;
};

const createInlet = (controller: Dispatcher.DispatchController, signal: AbortSignal): Inlet => {
  const waiting: Buffer[] = [];
  let bytes = 0;
  let end: { readonly error: Error | undefined } | undefined;
  let wake = () => {};

  const finish = (error: Error | undefined) => {
    end ??= { error };
    signal.removeEventListener("abort", stop);
    wake();
  };
  const stop = () => {
    waiting.length = 0;
    finish(undefined);
    controller.abort(new Error("the watch was called off"));
  };
  signal.addEventListener("abort", stop, { once: true });

  const take = (): Buffer | undefined => {
    const chunk = waiting.shift();
    bytes -= chunk?.length ?? 0;
    if (bytes < RESUME_AT) controller.resume();
    return chunk;
  };
  const arrival = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });

  async function* drain(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const chunk = take();
        if (chunk !== undefined) yield chunk;
        else if (end === undefined) await arrival();
        else break;
      }
      if (end.error !== undefined) throw end.error;
    } finally {
      // The consumer left early: nobody reads this connection any more.
      if (end === undefined) stop();
    }
  }

  return {
    push: (chunk) => {
      waiting.push(chunk);
      bytes += chunk.length;
      if (bytes > PAUSE_AT) controller.pause();
      wake();
    },
    end: () => finish(undefined),
    fail: finish,
    chunks: drain(),
  };
};
