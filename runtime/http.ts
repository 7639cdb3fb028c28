/**
 * The HTTP server that every process of ours has: bounded, authenticated, and quiet about itself.
 *
 * Routes are public only if they are put on the app before `requireToken`. Limits are far below
 * Node's defaults, because nobody who is entitled sends us large or slow requests.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:http";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { err, ok, type Result } from "#base/result.ts";
import type { Logger } from "./log.ts";
import type { Secret } from "./secret.ts";

export type HttpServer = {
  readonly url: string;
  readonly port: number;
  /** For the upgrade to WebSocket. */
  readonly server: Server;
  readonly close: () => Promise<void>;
};

export type ListenOptions = { readonly host: string; readonly port: number };

const BODY_LIMIT = "64kb";

export const createApp = (): Express => {
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.use(express.json({ limit: BODY_LIMIT }));
  return app;
};

/** Accepts `Authorization: Bearer …` and `X-API-Key: …`; never a token in a query string. */
export const requireToken =
  (token: Secret): RequestHandler =>
  (request, response, next) => {
    const given =
      /^Bearer (.+)$/.exec(request.get("authorization") ?? "")?.[1] ?? request.get("x-api-key");
    // An empty token is nobody's: it opens nothing, whatever is expected.
    if (given !== undefined && given !== "" && isSame(given, token.reveal())) return next();
    response.status(401).json({ error: "a valid token is required: send Authorization: Bearer …" });
  };

/** Compares digests, so that neither time nor length tells anything about the secret. */
export const isSame = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

export const notFound: RequestHandler = (request, response) => {
  response.status(404).json({ error: `no route ${request.method} ${request.path}` });
};

/** The last handler: a bad body is the client's mistake, anything else is ours and is logged. */
export const reportErrors =
  (log: Logger): ErrorRequestHandler =>
  (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) log.error({ err: error }, "request failed");
    const message = status >= 500 ? "internal error" : messageOf(error);
    response.status(status).json({ error: message });
  };

const statusOf = (error: unknown): number =>
  typeof error === "object" && error !== null && "status" in error && Number(error.status) >= 400
    ? Number(error.status)
    : 500;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Starts listening. A port that is taken is an ordinary outcome, said in one sentence. */
export const listen = (
  app: Express,
  { host, port }: ListenOptions,
): Promise<Result<HttpServer, string>> =>
  new Promise((resolve) => {
    const server = createServer(app);
    server.headersTimeout = 5_000;
    server.requestTimeout = 10_000;
    server.keepAliveTimeout = 60_000;
    server.maxConnections = 256;
    server.once("error", (error: NodeJS.ErrnoException) => {
      resolve(err(listenProblem(error, host, port)));
    });
    server.listen(port, host, () => resolve(ok(toHttpServer(server, host))));
  });

const listenProblem = (error: NodeJS.ErrnoException, host: string, port: number): string =>
  error.code === "EADDRINUSE"
    ? `port ${port} on ${host} is in use by another process: choose another one, or end that process`
    : `cannot listen on ${host}:${port}: ${error.message}`;

const toHttpServer = (server: Server, host: string): HttpServer => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://${host}:${port}`,
    port,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
