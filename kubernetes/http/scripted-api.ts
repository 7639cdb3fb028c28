/** The client of a scripted server, on a clock of the test's, with everything that it counts. */

import type { Clock, Timers } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import type { KubeApi } from "../api.ts";
import type { RequestMetrics } from "../metrics.ts";
import { createHttpApi, type HttpApiOptions } from "./client.ts";
import { createConnection, plainTls, type Connection, type Server } from "./connection.ts";
import { fixedCredentials } from "./credentials.ts";
import { startScriptedServer, type Reaction, type ScriptedServer } from "./scripted-server.ts";

type Counted = Parameters<RequestMetrics["countRequest"]>[0];

export type ScriptedApi = {
  readonly server: ScriptedServer;
  readonly api: KubeApi;
  readonly connection: Connection;
  readonly counted: ReadonlyArray<Counted>;
  readonly connectionsCounted: () => number;
  /** Every wait that was asked for, in milliseconds: deadlines, and times to come back. */
  readonly waits: ReadonlyArray<number>;
  readonly close: () => Promise<void>;
};

export type ScriptedOptions = Partial<HttpApiOptions> & { readonly server?: Partial<Server> };

export const startScriptedApi = async (
  time: Clock & Timers,
  react: (count: number) => Reaction,
  { server: about, ...options }: ScriptedOptions = {},
): Promise<ScriptedApi> => {
  const server = await startScriptedServer((_, count) => react(count));
  const counted: Counted[] = [];
  const waits: number[] = [];
  let connections = 0;
  const connection = createConnection(
    { metrics: { countConnection: () => (connections += 1) } },
    {
      url: server.url,
      tls: plainTls,
      credentials: fixedCredentials("Bearer token-1"),
      headers: {},
      namespace: undefined,
      ...about,
    },
  );
  assert(connection.ok, "a connection without certificates can be made");
  const timers: Timers = {
    after: (ms, callback) => {
      waits.push(ms);
      return time.after(ms, callback);
    },
  };
  const metrics = { countRequest: (request: Counted) => void counted.push(request) };
  const api = createHttpApi({ clock: time, timers, metrics }, connection.value, {
    component: "test",
    ...options,
  });
  return {
    server,
    api,
    connection: connection.value,
    counted,
    connectionsCounted: () => connections,
    waits,
    close: async () => {
      await connection.value.close();
      await server.close();
    },
  };
};

/** Lets sockets do their work until something holds; the test's own limit ends a wait in vain. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise<void>((resolve) => setImmediate(resolve));
};
