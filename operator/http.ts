/**
 * What the operator answers: whether it lives, whether it is ready, and its metrics. Nothing else, and
 * nothing that needs a token: it is read by the kubelet and by Prometheus, inside the cluster.
 *
 * Ready means that its copies are complete, in every replica, leading or not. Alive means that its
 * event loop turns, its copies are not stuck, and the loop that keeps the lead turns.
 */

import type { Express } from "express";
import type { Registry } from "prom-client";
import type { Clock, Timers } from "#base/clock.ts";
import { sleep } from "#base/clock.ts";
import { createApp, notFound, reportErrors } from "#runtime/http.ts";
import type { Logger } from "#runtime/log.ts";
import type { Follower } from "./kube/records.ts";

export type OperatorApiDeps = {
  readonly log: Logger;
  readonly registry: Registry;
  readonly followers: ReadonlyArray<Follower>;
  /** Why the lead is stuck, if it is. */
  readonly leaderProblem: () => string | undefined;
  readonly pulse: Pulse;
};

export const createOperatorApi = (deps: OperatorApiDeps): Express => {
  const app = createApp();
  app.get("/livez", (_request, response) => {
    const problem = lifeProblem(deps);
    response.status(problem === undefined ? 200 : 503).type("text/plain");
    response.send(problem ?? "ok");
  });
  app.get("/readyz", (_request, response) => {
    const problems = deps.followers.flatMap((one) =>
      one.synced() ? [] : [`${one.resource.plural}: ${one.problem()?.message ?? "not read yet"}`],
    );
    response.status(problems.length === 0 ? 200 : 503).type("text/plain");
    response.send(problems.length === 0 ? "ok" : problems.join("\n"));
  });
  app.get("/metrics", async (_request, response) => {
    response.type(deps.registry.contentType).send(await deps.registry.metrics());
  });
  app.use(notFound);
  app.use(reportErrors(deps.log));
  return app;
};

/** Longer than the longest pause of a copy that cannot reach the server, and than its watchdog. */
const STUCK_AFTER_MS = 600_000;

const lifeProblem = ({ followers, leaderProblem, pulse }: OperatorApiDeps): string | undefined => {
  const stuck = followers.find(
    (one) => one.problem() === undefined && one.stats().lastEventAgeMs > STUCK_AFTER_MS,
  );
  if (stuck !== undefined) return `${stuck.resource.plural}: nothing was heard for too long`;
  if (pulse.lagMs() > LAG_MAX_MS) return `the event loop stood still for ${pulse.lagMs()} ms`;
  return leaderProblem();
};

export type Pulse = {
  /** How much later than it should the last beat came. */
  readonly lagMs: () => number;
  readonly run: (signal: AbortSignal) => Promise<void>;
};

const BEAT_MS = 1_000;
const LAG_MAX_MS = 20_000;

/** Measures how late timers come: whoever computes too long starves watches, lease and probes. */
export const createPulse = (clock: Pick<Clock, "elapsed">, timers: Timers): Pulse => {
  let lag = 0;
  return {
    lagMs: () => Math.round(lag),
    run: async (signal) => {
      while (!signal.aborted) {
        const due = clock.elapsed() + BEAT_MS;
        await sleep(timers, BEAT_MS, signal);
        lag = Math.max(0, clock.elapsed() - due);
      }
    },
  };
};
