/**
 * One client on a WebSocket: what it has said, what it listens to, and how much it may make us hold.
 *
 * Bitget's rules: text `ping` is answered with text `pong`, two silent minutes end the connection,
 * a login is an HMAC of the instant, errors are events and do not end anything by themselves.
 */

import type { WebSocket } from "ws";
import { z } from "zod";
import type { Millis } from "#base/clock.ts";
import { isSame } from "#runtime/http.ts";
import type { Credential, Credentials } from "./accounts.ts";
import { SIGNATURE_TOLERANCE_MS, signatureOf } from "./signature.ts";
import { isMarketTopic, topicArgument, toTopic, type Topic, type TopicArgument } from "./topics.ts";
import type { ContractSymbol } from "../prices/path.ts";

export type Scope = "public" | "private";

export type Connection = {
  readonly scope: Scope;
  readonly credential: () => Credential | undefined;
  readonly topics: ReadonlyMap<string, Topic>;
  /** Gives up on a client that does not read: it must come back and ask anew. */
  readonly send: (text: string) => void;
  /** The same, but left out for a client that is behind: the next one says it again. */
  readonly offer: (text: string) => void;
  readonly handle: (text: string) => void;
  /** Machine milliseconds at which it was last heard of. */
  readonly heardAt: () => number;
  readonly close: (reason: string) => void;
};

export type ConnectionDeps = {
  readonly credentials: Credentials;
  readonly now: () => Millis;
  readonly machineMs: () => number;
  readonly isListed: (symbol: ContractSymbol) => boolean;
  /** A topic has just been subscribed to: time for what it begins with. */
  readonly onSubscribed: (connection: Connection, topic: Topic) => void;
};

const TOPICS_MAX = 1_000;
/** What may wait for a slow client: some seconds of everything. */
const BUFFER_BYTES_MAX = 4 * 2 ** 20;
const BEHIND_BYTES = 2 ** 18;
const GOING_AWAY = 1001;
const POLICY = 1008;

const envelope = z.object({
  op: z.string(),
  args: z.array(z.unknown()).max(200).default([]),
});

const loginArgument = z.object({
  apiKey: z.string(),
  passphrase: z.string(),
  timestamp: z.string(),
  sign: z.string(),
});

export const createConnection = (
  deps: ConnectionDeps,
  socket: WebSocket,
  { scope, id }: { readonly scope: Scope; readonly id: string },
): Connection => {
  const topics = new Map<string, Topic>();
  let credential: Credential | undefined;
  let heardAt = deps.machineMs();

  const send = (text: string): void => sendBounded(socket, text);
  const sendEvent = (event: object): void => send(JSON.stringify(event));

  const subscribe = (arg: TopicArgument): void => {
    const topic = toTopic(arg, deps.isListed);
    const admitted = admit(arg, topic, { scope, credential, count: topics.size });
    if ("code" in admitted) return sendEvent({ event: "error", arg, ...admitted });
    topics.set(admitted.key, admitted);
    sendEvent({ event: "subscribe", arg: admitted.arg });
    deps.onSubscribed(connection, admitted);
  };

  const unsubscribe = (arg: TopicArgument): void => {
    const topic = toTopic(arg, deps.isListed);
    if (topic !== undefined) topics.delete(topic.key);
    sendEvent({ event: "unsubscribe", arg: topic?.arg ?? arg });
  };

  const login = (arg: unknown): void => {
    const checked = checkLogin(deps, arg);
    if ("code" in checked) return sendEvent({ event: "error", ...checked });
    ({ credential } = checked);
    sendEvent({ event: "login", code: 0, msg: "", connId: id });
  };

  const obey = (op: "subscribe" | "unsubscribe", given: unknown): void => {
    const arg = topicArgument.safeParse(given);
    if (!arg.success) {
      return sendEvent({ event: "error", arg: given, code: 30016, msg: "Param error" });
    }
    if (op === "subscribe") subscribe(arg.data);
    else unsubscribe(arg.data);
  };

  const connection: Connection = {
    scope,
    credential: () => credential,
    topics,
    send,
    offer: (text) => {
      if (socket.bufferedAmount <= BEHIND_BYTES) send(text);
    },
    heardAt: () => heardAt,
    close: (reason) => socket.close(reason === "shutdown" ? GOING_AWAY : POLICY, reason),
    handle: (text) => {
      heardAt = deps.machineMs();
      if (text === "ping") return send("pong");
      const message = parseMessage(text);
      if (message === undefined) return sendEvent({ event: "error", ...ILLEGAL });
      const { op, args } = message;
      if (op === "login") return login(args[0]);
      if (op !== "subscribe" && op !== "unsubscribe") {
        return sendEvent({ event: "error", code: 30003, msg: "Invalid op" });
      }
      for (const given of args) obey(op, given);
    },
  };
  return connection;
};

const sendBounded = (socket: WebSocket, text: string): void => {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > BUFFER_BYTES_MAX) return socket.terminate();
  socket.send(text);
};

type SocketError = { readonly code: number; readonly msg: string };

const ILLEGAL: SocketError = { code: 30002, msg: "Illegal request" };

const parseMessage = (text: string): z.output<typeof envelope> | undefined => {
  try {
    const parsed = envelope.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Not JSON at all: the client is told so.
    return undefined;
  }
};

type Visitor = {
  readonly scope: Scope;
  readonly credential: Credential | undefined;
  /** Of topics so far. */
  readonly count: number;
};

/** Each scope has its own channels, and the private ones want a login first. */
const admit = (
  arg: TopicArgument,
  topic: Topic | undefined,
  { scope, credential, count }: Visitor,
): Topic | SocketError => {
  if (topic === undefined || isMarketTopic(topic) !== (scope === "public")) {
    const { instType, channel, instId = arg.coin } = arg;
    const msg = `instType:${instType},channel:${channel},instId:${instId} doesn't exist`;
    return { code: 30001, msg };
  }
  if (scope === "private" && credential === undefined) {
    return { code: 30004, msg: "User needs to log in" };
  }
  return count >= TOPICS_MAX ? { code: 30007, msg: "request over limit" } : topic;
};

const checkLogin = (
  { credentials, now }: ConnectionDeps,
  arg: unknown,
): { readonly credential: Credential } | SocketError => {
  const read = loginArgument.safeParse(arg);
  if (!read.success) return { code: 30016, msg: "Param error" };
  const { apiKey, passphrase, timestamp, sign } = read.data;
  const credential = credentials.get(apiKey);
  if (credential === undefined) return { code: 30011, msg: "Invalid ACCESS_KEY" };
  if (!isSame(passphrase, credential.passphrase.reveal())) {
    return { code: 30012, msg: "Invalid ACCESS_PASSPHRASE" };
  }
  if (!/^\d{9,16}$/.test(timestamp)) return { code: 30013, msg: "Invalid ACCESS_TIMESTAMP" };
  // Clients send seconds; milliseconds are told apart by their length.
  const signedAt = Number(timestamp) * (timestamp.length > 11 ? 1 : 1_000);
  if (Math.abs(now() - signedAt) > SIGNATURE_TOLERANCE_MS) {
    return { code: 30014, msg: "Request timestamp expired" };
  }
  return isSame(sign, signatureOf(`${timestamp}GET/user/verify`, credential))
    ? { credential }
    : { code: 30015, msg: "Invalid sign" };
};
