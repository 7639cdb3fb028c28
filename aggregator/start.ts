/**
 * The aggregator as one value: polls the executors, serves what they say, and ends when it is told.
 *
 * Nothing but the probes and the page is answered without the token, and the page holds no data. The
 * executors' token is another one: who may look at the fleet may not speak to its executors.
 */

import { ok, type Result } from "#base/result.ts";
import { systemClock, type SessionClock } from "#runtime/clock.ts";
import { createApp, listen, notFound, reportErrors, requireToken } from "#runtime/http.ts";
import type { Logger } from "#runtime/log.ts";
import { createRegistry } from "#runtime/metrics.ts";
import type { Secret } from "#runtime/secret.ts";
import type { Express } from "express";
import type { Registry } from "prom-client";
import { createExecutorClient } from "./executor-client.ts";
import type { Fleet } from "./fleet.ts";
import { createLiveSocket } from "./live-socket.ts";
import { createMetrics } from "./metrics.ts";
import { sayNoPage, securityHeaders, servePage } from "./page.ts";
import { startPolling, type Poller } from "./poll.ts";
import { addRoutes, type RouteDeps } from "./routes.ts";
import { createStream } from "./stream.ts";

export type AggregatorOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What clients of the aggregator must show. */
  readonly token: Secret;
  /** What the aggregator shows to executors. */
  readonly executorToken: Secret;
  /** The built page. */
  readonly staticDir: string;
  readonly version?: string;
};

export type AggregatorDeps = {
  readonly fleet: Fleet;
  /** The session's clock. Intervals and time-outs are the machine's, whatever its speed. */
  readonly clock: SessionClock;
  readonly log: Logger;
  readonly machine?: SessionClock;
  /** What else there is to tell on `/metrics`. */
  readonly registry?: Registry;
  /** Why only a new process would help, if it is so. */
  readonly lifeProblem?: () => string | undefined;
};

export type Aggregator = {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
};

export const startAggregator = async (
  options: AggregatorOptions,
  deps: AggregatorDeps,
): Promise<Result<Aggregator, string>> => {
  const { fleet, clock, log, machine = systemClock } = deps;
  const version = options.version ?? "unknown";
  const metrics = createMetrics(deps.registry ?? createRegistry(), version);
  const executors = createExecutorClient(options.executorToken);
  const poller = startPolling({
    fleet,
    clock,
    machine,
    log,
    executors,
    onPoll: metrics.countPoll,
  });
  const { view, refresh } = poller;
  const stream = createStream({ view, machine, version });
  const socket = createLiveSocket({ view, machine, token: options.token });
  const stop = () => {
    poller.close();
    stream.close();
    socket.close();
  };

  const health = { isReady: poller.isReady, lifeProblem: deps.lifeProblem ?? (() => undefined) };
  const app = createAggregatorApp(options, health, {
    fleet,
    clock,
    log,
    view,
    refresh,
    executors,
    stream,
    metrics,
    websocketClients: socket.size,
  });
  const listening = await listen(app, options);
  if (!listening.ok) {
    stop();
    return listening;
  }
  const { url, port, server, close } = listening.value;
  socket.attach(server);
  log.info({ url }, "aggregator listens");
  return ok({
    url,
    port,
    close: async () => {
      stop();
      await close();
    },
  });
};

type Health = Pick<Poller, "isReady"> & {
  readonly lifeProblem: NonNullable<AggregatorDeps["lifeProblem"]>;
};

/** The order is the access control: what stands before `requireToken` is public. */
export const createAggregatorApp = (
  { token, staticDir }: Pick<AggregatorOptions, "token" | "staticDir">,
  { isReady, lifeProblem }: Health,
  routes: RouteDeps,
): Express => {
  const app = createApp();
  app.use(securityHeaders);
  app.get("/livez", (_request, response) => {
    const problem = lifeProblem();
    response.status(problem === undefined ? 200 : 503).json({ status: problem ?? "ok" });
  });
  app.get("/readyz", (_request, response) => {
    if (isReady()) return void response.json({ status: "ok" });
    const [problem = "the executors are not polled yet"] = routes.view().problems;
    response.status(503).json({ status: problem });
  });
  app.use(servePage(staticDir));
  app.get("/", sayNoPage);
  app.use(requireToken(token));
  addRoutes(app, routes);
  app.use(notFound);
  app.use(reportErrors(routes.log));
  return app;
};
