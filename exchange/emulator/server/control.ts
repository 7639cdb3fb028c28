/**
 * What a demonstration and a test may ask of the emulator itself: its clock, its books, its log, and
 * a shove to the market. For this machine only; a page in somebody's browser is refused too.
 */

import express, { type Express, type RequestHandler } from "express";
import { z } from "zod";
import { assert } from "#base/result.ts";
import { amount, toText } from "#trading/money.ts";
import type { AccountView } from "../engine/engine.ts";
import { contractSymbol } from "../prices/path.ts";
import { markPrice } from "./account-endpoints.ts";
import type { Hall } from "./endpoint.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { accountRow, orderRow, planRow, positionRow, type Row } from "./trading-rows.ts";

export type ControlDeps = {
  readonly hall: Hall;
  readonly trail: AuditTrail;
  readonly speed: number;
  /** Plays the market up to now, and keeps what happened. */
  readonly catchUp: () => void;
};

const ROOT = "/emulator/v1";
const SHOCK_MS_MAX = 3_600_000;

const shockRequest = z.strictObject({
  symbol: z.union([z.literal("all"), z.string().regex(/^[A-Z0-9]{1,20}USDT$/)]),
  percent: z.number().gt(-99).lt(1_000),
  durationMs: z.number().int().min(0).max(SHOCK_MS_MAX).default(0),
});

export const mountControl = (deps: ControlDeps, app: Express): void => {
  const { hall, trail, speed, catchUp } = deps;
  const router = express.Router();
  router.use(onlyLocal);
  router.get("/time", (_request, response) => {
    catchUp();
    const path = hall.engine.path();
    const { start, end, identity, symbols } = path;
    response.json({ now: hall.engine.now(), speed, start, end: end ?? null, identity, symbols });
  });
  router.get("/books", (_request, response) => {
    catchUp();
    response.json({ now: hall.engine.now(), accounts: books(hall) });
  });
  router.get("/audit", (request, response) => {
    catchUp();
    const since = Number(request.query["since"] ?? 0);
    const lines = Number.isInteger(since) && since >= 0 ? trail.since(since) : undefined;
    if (lines === undefined) {
      const oldest = trail.oldest();
      response.status(410).json({ error: `since must be a number from ${oldest - 1} on` });
      return;
    }
    response.type("application/x-ndjson").send(lines.map((line) => `${line}\n`).join(""));
  });
  router.post("/shock", express.json({ limit: "4kb" }), shock(deps));
  app.use(ROOT, router);
};

/** Browsers name their origin; programs of this machine do not. */
const onlyLocal: RequestHandler = (request, response, next) => {
  const address = request.socket.remoteAddress ?? "";
  const local = /^(?:::ffff:)?127\.|^::1$/.test(address);
  if (local && request.get("origin") === undefined) return next();
  response.status(403).json({ error: "the control API answers to programs of this machine only" });
};

const shock =
  ({ hall, catchUp }: ControlDeps): RequestHandler =>
  (request, response) => {
    const body: unknown = request.body;
    const parsed = shockRequest.safeParse(body);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      response.status(400).json({ error: `${issue?.path.join(".")}: ${issue?.message}` });
      return;
    }
    const { symbol: name, percent, durationMs } = parsed.data;
    const symbol = name === "all" ? name : contractSymbol(name);
    if (symbol !== "all" && !hall.engine.contracts.has(symbol)) {
      response.status(400).json({ error: `symbol: ${name} is not traded here` });
      return;
    }
    catchUp();
    const done = hall.engine.shock(hall.engine.now(), { symbol, percent, durationMs });
    assert(done.ok, "a shock is never refused");
    catchUp();
    response.json({ at: hall.engine.now(), symbol, percent, durationMs });
  };

const books = (hall: Hall): ReadonlyArray<Row> =>
  hall.engine.accounts().map((account) => ({
    uid: account.uid,
    initial: toText(account.initial),
    wallet: toText(account.wallet),
    realised: toText(account.realised),
    fees: toText(account.fees),
    fillCount: account.fillCount,
    positionMode: account.positionMode,
    equity: toText(hall.engine.balances(account.uid).equity),
    balances: accountRow(hall.engine.balances(account.uid)),
    positions: positions(hall, account),
    orders: [...account.orders.values()].map((order) => ({
      ...orderRow(order, account),
      status: order.status,
    })),
    plans: [...account.plans.values()].map((plan) => planRow(plan, account)),
  }));

const positions = (hall: Hall, account: AccountView): ReadonlyArray<Row> =>
  [...account.positions.values()].map((position) => ({
    ...positionRow(position, account, markPrice(hall, position.symbol)),
    /** Exact, where the row above is rounded. */
    cost: toText(amount(position.cost)),
  }));
