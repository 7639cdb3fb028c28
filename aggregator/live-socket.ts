/**
 * `/ws/live`: the WebSocket of the API that this one replaces. The whole state every three seconds.
 *
 * Browsers cannot set headers on a WebSocket, so the token may come as a sub-protocol:
 * `new WebSocket(url, ["bearer", token])`. A page of another origin is refused before the token is
 * looked at. What clients say is ignored; one that does not read, or does not answer a ping, is
 * dropped.
 */

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Timers } from "#base/clock.ts";
import { isSame } from "#runtime/http.ts";
import type { Secret } from "#runtime/secret.ts";
import { legacyUpdate } from "./legacy.ts";
import type { FleetView } from "./view.ts";

export type LiveSocketDeps = {
  readonly view: () => FleetView;
  readonly machine: Timers;
  readonly token: Secret;
};

export type LiveSocket = {
  readonly attach: (server: Server) => void;
  readonly size: () => number;
  readonly close: () => void;
};

const PATH = "/ws/live";
const PUSH_MS = 3_000;
const PUSHES_PER_PING = 10;
const CLIENTS_MAX = 32;
const BACKLOG_MAX_BYTES = 1_000_000;
const MESSAGE_MAX_BYTES = 1_024;

export const createLiveSocket = ({ view, machine, token }: LiveSocketDeps): LiveSocket => {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has("bearer") ? "bearer" : false),
  });
  /** Those that have answered since the last ping. */
  const answered = new WeakSet<WebSocket>();
  let pushes = 0;

  const push = (): void => {
    cancelNext = machine.after(PUSH_MS, push);
    if (sockets.clients.size === 0) return;
    pushes += 1;
    const message = JSON.stringify(legacyUpdate(view()));
    for (const client of sockets.clients) {
      if (client.bufferedAmount > BACKLOG_MAX_BYTES) client.terminate();
      else client.send(message);
      if (pushes % PUSHES_PER_PING === 0) ping(client, answered);
    }
  };
  let cancelNext = machine.after(PUSH_MS, push);

  const welcome = (client: WebSocket): void => {
    answered.add(client);
    client.on("pong", () => answered.add(client));
    client.on("error", () => client.terminate());
    client.send(JSON.stringify(legacyUpdate(view())));
  };

  return {
    attach: (server) =>
      server.on("upgrade", (request, socket, head) => {
        socket.on("error", () => socket.destroy());
        const refusal = refusalOf(request, token, sockets.clients.size);
        if (refusal !== undefined) return refuse(socket, refusal);
        sockets.handleUpgrade(request, socket, head, welcome);
      }),
    size: () => sockets.clients.size,
    close: () => {
      cancelNext();
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
};

const ping = (client: WebSocket, answered: WeakSet<WebSocket>): void => {
  if (!answered.has(client)) return client.terminate();
  answered.delete(client);
  client.ping();
};

type RefusalStatus = "401 Unauthorized" | "403 Forbidden" | "404 Not Found" | "503 Busy";

const refusalOf = (
  request: IncomingMessage,
  token: Secret,
  clients: number,
): RefusalStatus | undefined => {
  if (request.url?.split("?")[0] !== PATH) return "404 Not Found";
  if (!isSameOrigin(request)) return "403 Forbidden";
  const given = givenToken(request);
  if (given === undefined || !isSame(given, token.reveal())) return "401 Unauthorized";
  return clients >= CLIENTS_MAX ? "503 Busy" : undefined;
};

/** Programs send no origin; a browser always does, and it must be the page that we served. */
const isSameOrigin = ({ headers }: IncomingMessage): boolean =>
  headers.origin === undefined ||
  (URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host);

const givenToken = ({ headers }: IncomingMessage): string | undefined => {
  const key = headers["x-api-key"];
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  const [scheme, offered] = (headers["sec-websocket-protocol"] ?? "").split(",");
  return (
    bearer ??
    (typeof key === "string" ? key : undefined) ??
    (scheme?.trim() === "bearer" ? offered?.trim() : undefined)
  );
};

const refuse = (socket: Duplex, status: RefusalStatus): void => {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
};
