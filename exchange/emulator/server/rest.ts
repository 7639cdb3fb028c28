/** Express around the pipeline: raw bodies (the signature is over the very text), and nothing else. */

import express, { type ErrorRequestHandler, type Express, type Request } from "express";
import type { Millis } from "#base/clock.ts";
import type { Logger } from "#runtime/log.ts";
import type { Call, Next } from "./pipeline.ts";
import { failure, type Params, type Reply } from "./wire.ts";

export type RestDeps = {
  readonly answer: Next;
  readonly now: () => Millis;
  readonly log: Logger;
};

const BODY_LIMIT = "64kb";

/** Takes every path that nobody before it has taken. */
export const mountRest = (deps: RestDeps, app: Express): void => {
  app.use(express.text({ type: () => true, limit: BODY_LIMIT }));
  app.use(async (request, response) => {
    const call = toCall(request);
    const reply =
      call === undefined
        ? failure({ code: "40017", message: "Parameter verification failed" }, deps.now())
        : await deps.answer(call);
    send(response, reply);
  });
  app.use(reportFailure(deps));
};

const send = (response: express.Response, { status, contentType, text }: Reply): void => {
  response.status(status).setHeader("content-type", contentType).send(text);
};

/** `undefined`: the body is not what a request carries. */
const toCall = (request: Request): Call | undefined => {
  const body: unknown = request.body;
  const rawBody = typeof body === "string" ? body : "";
  const [, rawQuery = ""] = /\?(.*)$/.exec(request.originalUrl) ?? [];
  const params =
    request.method === "GET" ? Object.fromEntries(new URLSearchParams(rawQuery)) : parse(rawBody);
  return params === undefined
    ? undefined
    : {
        method: request.method,
        path: request.path,
        rawQuery,
        rawBody,
        params,
        header: (name) => request.get(name),
        remoteAddress: request.socket.remoteAddress ?? "",
        credential: undefined,
      };
};

const parse = (text: string): Params | undefined => {
  if (text === "") return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? Object.fromEntries(Object.entries(parsed))
      : undefined;
  } catch {
    // Not JSON: the client is told that its parameters are wrong.
    return undefined;
  }
};

const reportFailure =
  ({ now, log }: RestDeps): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status < 500) {
      const message = "Parameter verification failed";
      return send(response, failure({ code: "40017", message }, now(), status));
    }
    log.error({ err: error }, "a request failed");
    const refusal = { code: "40015", message: "System is abnormal, please try again later" };
    return send(response, failure(refusal, now(), 500));
  };

const statusOf = (error: unknown): number =>
  typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 500;
