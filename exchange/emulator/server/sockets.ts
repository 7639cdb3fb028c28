/** The two WebSocket addresses: limits at the door, and the end of connections that have gone silent. */

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Logger } from "#runtime/log.ts";
import { createConnection, type ConnectionDeps, type Scope } from "./connection.ts";
import type { Hub } from "./hub.ts";

export type Sockets = {
  /** Ends the connections that have not been heard of for two minutes of the machine's time. */
  readonly dropSilent: () => void;
  readonly close: () => Promise<void>;
};

export type SocketDeps = Omit<ConnectionDeps, "onSubscribed"> & {
  readonly hub: Hub;
  readonly log: Logger;
};

export const PUBLIC_STREAM_PATH = "/v2/ws/public";
export const PRIVATE_STREAM_PATH = "/v2/ws/private";

const scopes: Readonly<Record<string, Scope>> = {
  [PUBLIC_STREAM_PATH]: "public",
  [PRIVATE_STREAM_PATH]: "private",
};

/** Bitget: 100 connections from one address. */
const CONNECTIONS_MAX = 100;
const SILENCE_MAX_MS = 120_000;
const PAYLOAD_MAX = 64 * 1_024;

export const attachSockets = (deps: SocketDeps, server: Server): Sockets => {
  const { hub } = deps;
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: PAYLOAD_MAX,
    perMessageDeflate: false,
  });
  let opened = 0;

  const welcome = (socket: WebSocket, scope: Scope): void => {
    opened += 1;
    const connection = createConnection({ ...deps, onSubscribed: hub.greet }, socket, {
      scope,
      id: `${scope}-${opened}`,
    });
    hub.add(connection);
    socket.on("message", (data) => connection.handle(toText(data)));
    socket.on("close", () => hub.remove(connection));
    socket.on("error", (error) => deps.log.debug({ err: error }, "a socket failed"));
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const [path = ""] = (request.url ?? "").split("?");
    const scope = Object.hasOwn(scopes, path) ? scopes[path] : undefined;
    if (scope === undefined) return refuse(socket, "404 Not Found");
    const from = request.socket.remoteAddress;
    const others = [...webSockets.clients].filter((client) => addresses.get(client) === from);
    if (others.length >= CONNECTIONS_MAX) return refuse(socket, "429 Too Many Requests");
    webSockets.handleUpgrade(request, socket, head, (client) => {
      addresses.set(client, from);
      welcome(client, scope);
    });
  };
  const addresses = new WeakMap<WebSocket, string | undefined>();
  server.on("upgrade", upgrade);

  return {
    dropSilent: () => {
      const now = deps.machineMs();
      for (const connection of hub.connections()) {
        if (now - connection.heardAt() > SILENCE_MAX_MS) connection.close("no ping");
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.off("upgrade", upgrade);
        for (const client of webSockets.clients) client.terminate();
        webSockets.close(() => resolve());
      }),
  };
};

const refuse = (socket: Duplex, status: string): void => {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
};

const toText = (data: RawData): string => {
  if (Buffer.isBuffer(data)) return data.toString("utf8");
  return Array.isArray(data)
    ? Buffer.concat(data).toString("utf8")
    : Buffer.from(data).toString("utf8");
};
