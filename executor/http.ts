/**
 * The executor's own API: what it is, what it did, and what it is told.
 *
 *     GET /livez /readyz      open, and without data
 *     GET /status /orders     what the aggregator and the operator read
 *     PUT /control            the specification, whole; answered once it is durable
 *     POST /test-trade        {"symbol": …}: the smallest position with its stop; never on Live
 *     POST /test-close        {"symbol": …}: closes it
 *     GET /metrics
 */

import { z } from "zod";
import type { Express, RequestHandler } from "express";
import type { Registry } from "prom-client";
import type { Result } from "#base/result.ts";
import { executorSpec, type ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import { createApp, notFound, reportErrors, requireToken } from "#runtime/http.ts";
import type { Logger } from "#runtime/log.ts";
import type { Secret } from "#runtime/secret.ts";

export type ExecutorApiDeps = {
  readonly token: Secret;
  readonly registry: Registry;
  readonly log: Logger;
  /** What the start is waiting for. */
  readonly waiting: () => string;
  /** `undefined` until the exchange has been reached for the first time. */
  readonly status: () => ExecutorStatus | undefined;
  readonly orders: () => ReadonlyArray<OrderRecord>;
  readonly probe: (action: "Open" | "Close", symbol: string) => Promise<Result<undefined, string>>;
  /** Resolves once durable; an error says why nothing was changed. */
  readonly control: (spec: ExecutorSpec) => Promise<Result<ControlAnswer, string>>;
};

export type ControlAnswer = { readonly generation: number; readonly changed: boolean };

export const createExecutorApi = (deps: ExecutorApiDeps): Express => {
  const app = createApp();
  app.get("/livez", (_request, response) => {
    response.type("text/plain").send("ok");
  });
  app.get("/readyz", (_request, response) => {
    const status = deps.status();
    const isReady = status !== undefined && status.connected && status.reconciled;
    response
      .status(isReady ? 200 : 503)
      .type("text/plain")
      .send(isReady ? "ok" : "not ready");
  });
  app.use(requireToken(deps.token));
  app.get("/status", (_request, response) => {
    const status = deps.status();
    if (status !== undefined) return response.json(status);
    return response.status(503).json({ error: deps.waiting() });
  });
  app.get("/orders", (_request, response) => {
    response.json({ orders: deps.orders() });
  });
  app.get("/metrics", async (_request, response) => {
    response.type(deps.registry.contentType).send(await deps.registry.metrics());
  });
  app.put("/control", async (request, response) => {
    // Not a refusal: whoever asks comes back, and it begins with what its file says.
    if (deps.status() === undefined) {
      response.status(503).json({ error: deps.waiting() });
      return;
    }
    const parsed = executorSpec.safeParse(request.body);
    if (!parsed.success) {
      response.status(422).json({ error: z.prettifyError(parsed.error) });
      return;
    }
    const answer = await deps.control(parsed.data);
    if (answer.ok) response.json(answer.value);
    else response.status(409).json({ error: answer.error });
  });
  app.post("/test-trade", probe(deps, "Open"));
  app.post("/test-close", probe(deps, "Close"));
  app.use(notFound);
  app.use(reportErrors(deps.log));
  return app;
};

const probeRequest = z.strictObject({ symbol: z.string().min(1) });

const probe =
  (deps: ExecutorApiDeps, action: "Open" | "Close"): RequestHandler =>
  async (request, response) => {
    const parsed = probeRequest.safeParse(request.body);
    if (!parsed.success) {
      response.status(422).json({ error: z.prettifyError(parsed.error) });
      return;
    }
    const answer = await deps.probe(action, parsed.data.symbol);
    if (answer.ok) response.status(202).json({ status: "sent", symbol: parsed.data.symbol });
    else response.status(409).json({ error: answer.error });
  };
