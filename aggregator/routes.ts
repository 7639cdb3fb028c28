/**
 * The HTTP routes: those of the API that this one replaces under `/api/executor`, ours under `/api/v1`.
 *
 * Handlers read the present view and answer from it; none of them waits for an executor, except
 * `refresh-balance`, whose point it is. docs/api.md has every route with its answers.
 */

import type { Express, Request, RequestHandler, Response } from "express";
import { z } from "zod";
import type { Clock } from "#base/clock.ts";
import type { Logger } from "#runtime/log.ts";
import type { Refusal, ResetAnswer, ResetDetail } from "./api.ts";
import { ORDERS_MAX, type ExecutorClient } from "./executor-client.ts";
import { findMember, type Fleet } from "./fleet.ts";
import { legacyMerged, legacyOrders, legacyStatus, NO_EXECUTOR } from "./legacy.ts";
import { mergeTotals } from "./merge.ts";
import type { Metrics } from "./metrics.ts";
import { decideReset, toResetDetail } from "./reset.ts";
import type { Stream } from "./stream.ts";
import { executorsOf, type FleetView, type Strategy } from "./view.ts";

export type RouteDeps = {
  readonly fleet: Pick<Fleet, "resetKillSwitch">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
  readonly view: () => FleetView;
  readonly refresh: () => Promise<void>;
  readonly executors: Pick<ExecutorClient, "probe">;
  readonly stream: Stream;
  readonly metrics: Metrics;
  readonly websocketClients: () => number;
};

export const addRoutes = (app: Express, deps: RouteDeps): void => {
  app.get("/api/executor/status", getStatus(deps));
  app.get("/api/executor/orders", getOrders(deps));
  app.post("/api/executor/refresh-balance", refreshBalance(deps));
  app.post("/api/executor/kill-switch/reset", resetKillSwitch(deps));
  app.post("/api/executor/test-trade", testOrder(deps, "test-trade"));
  app.post("/api/executor/test-close", testOrder(deps, "test-close"));
  app.get("/api/v1/snapshot", (_request, response) => {
    response.type("json").send(deps.stream.snapshot());
  });
  app.get("/api/v1/stream", (request, response) => deps.stream.serve(request, response));
  app.get("/metrics", getMetrics(deps));
};

const getMetrics =
  ({ metrics, view, stream, websocketClients }: RouteDeps): RequestHandler =>
  async (_request, response) => {
    const clients = { stream: stream.size(), websocket: websocketClients() };
    response.type(metrics.contentType).send(await metrics.expose(view(), clients));
  };

const getStatus =
  ({ view }: RouteDeps): RequestHandler =>
  (request, response) => {
    const chosen = chooseExecutors(view(), request);
    if (chosen.kind === "Refused") return refuse(response, chosen);
    if (chosen.kind === "All") return void response.json(legacyMerged(view()));
    response.json(legacyStatus(chosen.strategy));
  };

const limitQuery = z.coerce.number().int().min(1).max(ORDERS_MAX).default(50);

const getOrders =
  ({ view }: RouteDeps): RequestHandler =>
  (request, response) => {
    const limit = limitQuery.safeParse(request.query["limit"]);
    if (limit.success) return void response.json(legacyOrders(view(), limit.data));
    const error = `limit must be a whole number from 1 to ${ORDERS_MAX}`;
    refuse(response, { status: 422, error });
  };

const refreshBalance =
  ({ view, refresh }: RouteDeps): RequestHandler =>
  async (_request, response) => {
    if (executorsOf(view()).length === 0) return refuse(response, noExecutor);
    await refresh();
    const { equity } = mergeTotals(view());
    response.json({
      status: "ok",
      exchange_balance: equity.kind === "Known" ? Number(equity.value) : null,
      ...(equity.kind === "Unknown" && { reason: equity.reason }),
      per_strategy: Object.fromEntries(
        executorsOf(view()).map((each) => [each.display, freshBalance(each)]),
      ),
    });
  };

/** The answer to "refresh" must not be an old number. */
const freshBalance = ({ heard, freshness }: Strategy): number | null => {
  const balance = freshness === "Live" ? heard?.status.balance : undefined;
  return balance === undefined || balance === null ? null : Number(balance.equity);
};

const resetRequest = z.object({ trippedAt: z.number().optional() }).default({});

const resetKillSwitch =
  (deps: RouteDeps): RequestHandler =>
  async (request, response) => {
    const body = resetRequest.safeParse(request.body);
    if (!body.success) return refuse(response, badTrip);
    const chosen = chooseExecutors(deps.view(), request);
    if (chosen.kind === "Refused") return refuse(response, chosen);
    const targets = chosen.kind === "All" ? executorsOf(deps.view()) : [chosen.strategy];
    if (targets.length === 0) return refuse(response, noExecutor);
    const details: ResetDetail[] = [];
    for (const target of targets) details.push(await resetOne(deps, target, body.data.trippedAt));
    const [status, answer] = summarize(details);
    response.status(status).json(answer);
  };

const resetOne = async (
  { fleet, clock, log }: RouteDeps,
  strategy: Strategy,
  seenTrip: number | undefined,
): Promise<ResetDetail> => {
  const { member, display, key } = strategy;
  const decision = decideReset(strategy, seenTrip, clock.now());
  const detail = toResetDetail(display, decision);
  if (decision.kind !== "Reset") return detail;
  const written = await fleet.resetKillSwitch(member, decision.at);
  if (!written.ok) {
    log.error({ strategy: key, problem: written.error }, "kill switch reset not written");
    return { strategy: display, status: "failed", message: written.error };
  }
  log.warn({ strategy: key, resetAt: decision.at }, "kill switch reset written");
  return detail;
};

/** All that was asked for, as one HTTP status: nobody may read a partial success as a whole one. */
const summarize = (
  details: ReadonlyArray<ResetDetail>,
): readonly [
  number,
  ResetAnswer | (Refusal & { readonly details: ReadonlyArray<ResetDetail> }),
] => {
  const undone = details.find(({ status }) => status === "failed" || status === "unknown");
  if (undone !== undefined) {
    const sentence = `${undone.strategy} was not reset: ${undone.message ?? undone.status}`;
    const status = undone.status === "failed" ? 503 : 409;
    return [status, { error: sentence, detail: sentence, details }];
  }
  const reset = details.filter(({ status }) => status === "reset").map(({ strategy }) => strategy);
  if (reset.length === 0) {
    return [200, { status: "not_triggered", message: "no kill switch is engaged", details }];
  }
  const message = `reset asked for: ${reset.join(", ")}; the operator carries it to the executor`;
  return [200, { status: "reset", message, details }];
};

const TEST_TIMEOUT_MS = 5_000;

/** The smallest position, opened or closed by its executor, where no real money can move. */
const testOrder =
  (deps: RouteDeps, path: "test-trade" | "test-close"): RequestHandler =>
  async (request, response) => {
    const chosen = chooseExecutors(deps.view(), request);
    if (chosen.kind === "Refused") return refuse(response, chosen);
    if (executorsOf(deps.view()).length === 0) return refuse(response, noExecutor);
    const symbol = request.query["symbol"];
    if (typeof symbol !== "string" || symbol === "") return refuse(response, noSymbol);
    const targets = (chosen.kind === "All" ? executorsOf(deps.view()) : [chosen.strategy]).filter(
      ({ member }) => trades(member.symbols, symbol),
    );
    const [target, second] = targets;
    if (target === undefined) return refuse(response, nobodyTrades);
    if (targets.some(mayBeRealMoney)) return refuse(response, realMoney);
    if (second !== undefined) return refuse(response, severalTrade);
    const url = target.member.executorUrl;
    if (url === undefined) return refuse(response, { status: 503, error: "it is not running" });
    const signal = AbortSignal.timeout(TEST_TIMEOUT_MS);
    const answer = await deps.executors.probe(url, { path, symbol }, signal);
    if (answer.ok) response.status(202).json({ status: "sent", strategy: target.display, symbol });
    else refuse(response, { status: 409, error: answer.error });
  };

const trades = (symbols: ReadonlyArray<string>, asked: string): boolean =>
  symbols.some((symbol) => symbol === asked || symbol.split(":")[0] === asked);

/** Either word suffices: the declaration, or what the executor says of the account it is on. */
const mayBeRealMoney = ({ member, heard }: Strategy): boolean =>
  member.environment === "Live" || heard?.status.account.environment === "Live";

const realMoney = {
  status: 410,
  error:
    "test orders are not sent on a Live account: they would open a position that no strategy asked for, with real money",
} as const;

const badTrip = { status: 400, error: "trippedAt must be a number of milliseconds" } as const;
const noSymbol = { status: 422, error: "name a symbol: ?symbol=BTC/USDT" } as const;
const severalTrade = {
  status: 409,
  error: "several strategies trade this symbol: name one with ?strategy=",
} as const;
const nobodyTrades = { status: 404, error: "no executor trades this symbol" } as const;
const noExecutor = { status: 400, error: NO_EXECUTOR.message } as const;

type Chosen =
  | { readonly kind: "All" }
  | { readonly kind: "One"; readonly strategy: Strategy }
  | { readonly kind: "Refused"; readonly status: number; readonly error: string };

/** What `?strategy=` says, or all. */
const chooseExecutors = (view: FleetView, { query }: Request): Chosen => {
  const asked = query["strategy"];
  if (asked === undefined || asked === "") return { kind: "All" };
  if (typeof asked !== "string") {
    return { kind: "Refused", status: 422, error: "strategy must be given once" };
  }
  const member = findMember(
    view.strategies.map((strategy) => strategy.member),
    asked,
  );
  const found = view.strategies.find((strategy) => strategy.member === member);
  if (found === undefined) {
    return { kind: "Refused", status: 404, error: `no strategy ${asked}` };
  }
  if (found.member.executorUrl === undefined) {
    const error = `strategy ${found.display} has no executor: ${found.problem ?? "none runs"}`;
    return { kind: "Refused", status: 404, error };
  }
  return { kind: "One", strategy: found };
};

type RefusalWithStatus = Refusal & { readonly status: number };

const refuse = (response: Response, { status, error }: RefusalWithStatus): void => {
  response.status(status).json({ error, detail: error });
};
