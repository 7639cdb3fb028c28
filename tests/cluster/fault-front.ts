/**
 * An API server's front that answers for it when it is told to: overloaded, broken, too old for
 * watch-list. Everything else goes through to the real one, streams as they come.
 *
 * It speaks TLS with the real server's own certificate, so a client cannot tell them apart.
 */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import { join } from "node:path";
import { z } from "zod";
import type { ControlPlane } from "./control-plane.ts";

export type Trouble = {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
};

export type FaultFront = {
  readonly port: number;
  /** The next requests for a list or a watch are answered with it. */
  readonly answer: (trouble: Trouble, times: number) => void;
  /** The next watches are accepted, and say it in the stream. */
  readonly sayInStream: (trouble: Trouble, times: number) => void;
  /** Whether a watch may begin with everything that exists; or how it is refused. */
  readonly watchList: (support: "Yes" | "Refused" | "Broken") => void;
  /** Watches that are open through it at this moment. */
  readonly openWatches: () => number;
  /** The queries of all lists and watches so far. */
  readonly queries: () => ReadonlyArray<URLSearchParams>;
  /** Another API server of the same cluster answers from now on. */
  readonly goTo: (url: string) => void;
  readonly heal: () => void;
  readonly close: () => void;
};

type State = {
  readonly ca: string;
  url: string;
  readonly answers: Trouble[];
  readonly inStream: Trouble[];
  support: "Yes" | "Refused" | "Broken";
  readonly open: Set<ServerResponse>;
  readonly queries: URLSearchParams[];
};

export const startFaultFront = async (
  plane: Pick<ControlPlane, "url" | "ca" | "folder">,
): Promise<FaultFront> => {
  const state: State = {
    ca: plane.ca,
    url: plane.url,
    answers: [],
    inStream: [],
    support: "Yes",
    open: new Set(),
    queries: [],
  };
  const certificate = join(plane.folder, "certificates", "apiserver");
  const server = createServer(
    { cert: readFileSync(`${certificate}.crt`), key: readFileSync(`${certificate}.key`) },
    (asked, reply) => serve(state, asked, reply),
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: z.object({ port: z.number() }).parse(server.address()).port,
    answer: (trouble, times) => void state.answers.push(...repeated(trouble, times)),
    sayInStream: (trouble, times) => void state.inStream.push(...repeated(trouble, times)),
    watchList: (support) => {
      state.support = support;
    },
    openWatches: () => state.open.size,
    queries: () => state.queries,
    goTo: (url) => {
      state.url = url;
    },
    heal: () => {
      state.answers.length = 0;
      state.inStream.length = 0;
      state.support = "Yes";
      state.url = plane.url;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const repeated = (trouble: Trouble, times: number): ReadonlyArray<Trouble> =>
  Array.from({ length: times }, () => trouble);

const serve = (state: State, asked: IncomingMessage, reply: ServerResponse): void => {
  const query = new URL(asked.url ?? "/", state.url).searchParams;
  const isWatch = query.get("watch") === "true";
  if (asked.method === "GET") state.queries.push(query);
  const answer = state.answers.shift() ?? refusalOf(state, query);
  if (answer !== undefined) return refuse(reply, answer);
  const said = isWatch ? (state.inStream.shift() ?? brokenOf(state, query)) : undefined;
  if (said !== undefined) return say(reply, said);
  if (isWatch) count(state, reply);
  return forward(state, asked, reply);
};

const isWatchList = (query: URLSearchParams): boolean => query.has("sendInitialEvents");

/** The words of a real one without the feature gate. */
const refusalOf = ({ support }: State, query: URLSearchParams): Trouble | undefined =>
  support === "Refused" && isWatchList(query)
    ? { code: 422, reason: "Invalid", message: "sendInitialEvents: Forbidden" }
    : undefined;

/** The words of a real one on an etcd 3.4. */
const brokenOf = ({ support }: State, query: URLSearchParams): Trouble | undefined =>
  support === "Broken" && isWatchList(query)
    ? { code: 500, reason: "InternalError", message: "RequestWatchProgress is disabled" }
    : undefined;

const statusOf = ({ code, reason, message }: Trouble) => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  reason,
  code,
});

const refuse = (reply: ServerResponse, trouble: Trouble): void => {
  reply.setHeader("content-type", "application/json");
  if (trouble.retryAfterSeconds !== undefined) {
    reply.setHeader("retry-after", trouble.retryAfterSeconds);
  }
  reply.writeHead(trouble.code);
  reply.end(JSON.stringify(statusOf(trouble)));
};

const say = (reply: ServerResponse, trouble: Trouble): void => {
  reply.writeHead(200, { "content-type": "application/json" });
  reply.end(`${JSON.stringify({ type: "ERROR", object: statusOf(trouble) })}\n`);
};

const count = ({ open }: State, reply: ServerResponse): void => {
  open.add(reply);
  reply.once("close", () => open.delete(reply));
};

const forward = ({ url, ca }: State, asked: IncomingMessage, reply: ServerResponse): void => {
  const { hostname, port } = new URL(url);
  const sent = request(
    {
      host: hostname,
      port,
      ca,
      agent: false,
      method: asked.method,
      path: asked.url,
      headers: asked.headers,
    },
    (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      // A watch may be quiet for a minute: its head must not wait for its first event.
      reply.flushHeaders();
      answer.pipe(reply);
      answer.once("error", () => reply.destroy());
      answer.once("aborted", () => reply.destroy());
    },
  );
  sent.once("error", () => reply.destroy());
  reply.once("close", () => sent.destroy());
  asked.pipe(sent);
};
