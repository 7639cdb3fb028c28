/**
 * An HTTP server for tests that answers with exactly the bytes it is told, and stops where it is told.
 *
 * On bare sockets, because what is tested is what a proper server never does: half an answer, another
 * protocol, a reset in the middle of a character.
 */

import { createServer, type Socket } from "node:net";
import { assert } from "#base/result.ts";

export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  /** Names in lower case; of one that comes twice, both values. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: string;
  /** Which connection it came on, from 0. */
  readonly connection: number;
};

export type Reaction = {
  readonly bytes: string | Buffer;
  readonly ending: "Keep" | "End" | "Reset";
};

export type ScriptedServer = {
  readonly port: number;
  readonly url: string;
  readonly requests: ReadonlyArray<SeenRequest>;
  readonly connections: () => number;
  /** Connections that are open. */
  readonly open: () => number;
  /** More bytes for a request that has been answered with `Keep`. */
  readonly send: (connection: number, bytes: string | Buffer) => void;
  /** Bytes that the peer does not take. */
  readonly unsent: (connection: number) => number;
  readonly end: (connection: number, how: "End" | "Reset") => void;
  readonly close: () => Promise<void>;
};

export const startScriptedServer = async (
  react: (request: SeenRequest, count: number) => Reaction,
): Promise<ScriptedServer> => {
  const requests: SeenRequest[] = [];
  const sockets: Socket[] = [];
  const finish = (socket: Socket | undefined, how: Reaction["ending"]) => {
    if (how === "End") socket?.end();
    if (how === "Reset") socket?.resetAndDestroy();
  };
  const server = createServer((socket) => {
    const connection = sockets.push(socket) - 1;
    let received: Buffer = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let taken = takeRequest(received); taken !== undefined; taken = takeRequest(received)) {
        received = taken.rest;
        const request = { ...taken.request, connection };
        const reaction = react(request, requests.push(request) - 1);
        if (reaction.bytes.length === 0) finish(socket, reaction.ending);
        else socket.write(reaction.bytes, () => finish(socket, reaction.ending));
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a server that listens has a port");
  const { port } = address;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    connections: () => sockets.length,
    open: () => sockets.filter((socket) => !socket.destroyed).length,
    send: (connection, bytes) => void sockets[connection]?.write(bytes),
    unsent: (connection) => sockets[connection]?.writableLength ?? 0,
    end: (connection, how) => finish(sockets[connection], how),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
};

export const answer = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): string => {
  const lines = Object.entries({
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Scripted\r\n${lines.join("")}\r\n${body}`;
};

/** The head of an answer whose body comes in chunks, as that of a watch does. */
export const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
export const LAST_CHUNK = "0\r\n\r\n";

export const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);

type Taken = { readonly request: Omit<SeenRequest, "connection">; readonly rest: Buffer };

const takeRequest = (received: Buffer): Taken | undefined => {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [first = "", ...lines] = received.subarray(0, headEnd).toString("latin1").split("\r\n");
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const length = Number(new Map(headers).get("content-length") ?? 0);
  const bodyStart = headEnd + 4;
  if (received.length < bodyStart + length) return undefined;
  const [method = "", path = ""] = first.split(" ");
  const body = received.subarray(bodyStart, bodyStart + length).toString("utf8");
  return { request: { method, path, headers, body }, rest: received.subarray(bodyStart + length) };
};
