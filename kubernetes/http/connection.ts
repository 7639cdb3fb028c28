/**
 * The way to one API server, and to no other host.
 *
 * Connections are kept: a TLS handshake costs more than the request that it is for. The trust
 * anchors and the client certificate are read once, into one context that all connections share.
 * Watches have connections of their own, since each holds one for minutes: however many there are,
 * calls never wait for one of theirs. HTTP/1.1, no redirects, no proxy of the environment; what the
 * environment says about certificates is not listened to either.
 */

import { createSecureContext } from "node:tls";
import type { Dispatcher } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";
import { err, ok, type Result } from "#base/result.ts";
import type { Secret } from "#runtime/secret.ts";
import type { RequestMetrics } from "../metrics.ts";
import type { Credentials } from "./credentials.ts";

/** Where a server is, how to recognize it, and who we are to it. */
export type Server = {
  /** `https://host:port`, with a path where the server is behind one. */
  readonly url: string;
  readonly tls: Tls;
  readonly credentials: Credentials;
  /** Sent with every request: on whose behalf we act. */
  readonly headers: Readonly<Record<string, ReadonlyArray<string>>>;
  /** Where we live, or where the kubeconfig's context points. */
  readonly namespace: string | undefined;
};

export type Tls = {
  /** PEM; the system's where absent. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: Secret | undefined;
  /** The name in the server's certificate, where it is not the host's. */
  readonly serverName: string | undefined;
  readonly verify: boolean;
};

export const plainTls: Tls = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  verify: true,
};

export type Connection = {
  readonly server: Server;
  /** `host:port`, for labels and sentences. */
  readonly host: string;
  /** Before every path. */
  readonly prefix: string;
  readonly calls: Dispatcher;
  readonly watches: Dispatcher;
  /** Ends what is under way. */
  readonly close: () => Promise<void>;
};

const CALL_CONNECTIONS = 32;
const WATCH_CONNECTIONS = 64;
const KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

export const createConnection = (
  { metrics }: { readonly metrics: Pick<RequestMetrics, "countConnection"> },
  server: Server,
): Result<Connection, string> => {
  const { origin, host, pathname } = new URL(server.url);
  const connect = toConnectOptions(server.tls);
  if (!connect.ok) return connect;
  const open = (connections: number): Dispatcher => {
    const pool = new Pool(origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // Deadlines are those of our clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      connect: connect.value,
    });
    return pool.on("connect", () => metrics.countConnection());
  };
  const calls = open(CALL_CONNECTIONS);
  const watches = open(WATCH_CONNECTIONS);
  return ok({
    server,
    host,
    prefix: pathname.replace(/\/$/, ""),
    calls,
    watches,
    close: async () => {
      await Promise.all([calls.destroy(), watches.destroy()]);
    },
  });
};

const toConnectOptions = ({ ca, cert, key, serverName, verify }: Tls) => {
  try {
    return ok({
      secureContext: createSecureContext({ ca, cert, key: key?.reveal() }),
      rejectUnauthorized: verify,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
  } catch {
    return err(
      "The certificate authority, the client certificate or its key is not PEM that OpenSSL can " +
        "read: check the files that the kubeconfig or the service account gives.",
    );
  }
};
