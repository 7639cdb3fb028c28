/**
 * Executors that do what a test says, over the same HTTP as the real one.
 *
 * A script belongs to a strategy and outlives its pods, as the exchange and the volume do: positions
 * and resting entries, the kill switch, and what the executor was told. It obeys as the real one does:
 * told to reduce it withdraws its entries, told to be flat it also closes, and an older generation
 * changes nothing.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { ok, unreachable } from "#base/result.ts";
import { executorSpec, type ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import { openCycleOf, restingOf, statusOf, symbolOf } from "#operator/testing/samples.ts";
import { systemClock } from "#runtime/clock.ts";
import type { ApiCall } from "./api-call.ts";
import type { Container, Runtime } from "./node.ts";
import { strategyOf, type Exit, type Pod } from "./pods.ts";

export const TOKEN = "the token of the executors";

const PORT = 8080;

export type Script = {
  /** `Silent` takes connections and breaks them; `Waits` answers 503 with the reason. */
  mode: { kind: "Answers" } | { kind: "Silent" } | { kind: "Waits"; reason: string };
  /** What it answers, with 409, to everything that it is told. */
  refusal: string | undefined;
  account: string;
  /** Symbols with a position open. */
  open: ReadonlySet<string>;
  /** Symbols with an entry resting. */
  resting: ReadonlySet<string>;
  isProtected: boolean;
  connected: boolean;
  reconciled: boolean;
  /** Told to withdraw or to close, it has not come to it yet. */
  isBusy: boolean;
  /** New parameters wait for every symbol with a position. */
  holdsSettings: boolean;
  trip: { readonly reason: string; readonly at: number } | undefined;
  sessionPnl: string;
  /** Everything that it was told by `PUT /control`, by the machine's clock. */
  readonly told: ReadonlyArray<Told>;
  readonly starts: number;
  /** Ends the container that runs now. */
  readonly crash: (exit: Exit) => void;
};

export type Told = { readonly at: number; readonly spec: ExecutorSpec };

export type Scripts = Runtime & {
  /** Of a strategy, `namespace/name`. */
  readonly of: (strategy: string) => Script;
};

export const createScripts = (call: ApiCall): Scripts => {
  const scripts = new Map<string, Scripted>();
  const of = (strategy: string): Scripted => {
    const script = scripts.get(strategy) ?? newScript(strategy);
    scripts.set(strategy, script);
    return script;
  };
  return {
    of,
    start: async (one, address) => {
      const script = of(strategyOf(one));
      script.starts += 1;
      const spec = await specOf(call, one);
      return ok(await run(script, spec, address));
    },
  };
};

type Scripted = Omit<Script, "told" | "starts" | "crash"> & {
  readonly told: Told[];
  starts: number;
  crash: (exit: Exit) => void;
  /** What the volume remembers, by the strategy's uid. */
  readonly memories: Map<string, Memory>;
};

type Memory = { spec: ExecutorSpec; lastResetAt: number | undefined };

const newScript = (strategy: string): Scripted => ({
  mode: { kind: "Answers" },
  refusal: undefined,
  account: `account of ${strategy}`,
  open: new Set(),
  resting: new Set(),
  isProtected: true,
  connected: true,
  reconciled: true,
  isBusy: false,
  holdsSettings: false,
  trip: undefined,
  sessionPnl: "0",
  told: [],
  starts: 0,
  crash: () => undefined,
  memories: new Map(),
});

/** The file that the pod would find: what the ConfigMap says when the container starts. */
const specOf = async (call: ApiCall, one: Pod): Promise<ExecutorSpec> => {
  const name = one.spec.volumes.find(({ configMap }) => configMap)?.configMap?.name ?? "";
  const { body } = await call(
    "GET",
    `/api/v1/namespaces/${one.metadata.namespace}/configmaps/${name}`,
  );
  const { data } = z.object({ data: z.object({ "spec.json": z.string() }) }).parse(body);
  return executorSpec.parse(JSON.parse(data["spec.json"]));
};

const run = async (script: Scripted, spec: ExecutorSpec, address: string): Promise<Container> => {
  // What it was told meanwhile is not in the file: the real one begins with the file, too.
  const memory: Memory = { spec, lastResetAt: script.memories.get(spec.uid)?.lastResetAt };
  script.memories.set(spec.uid, memory);
  take(script, memory, spec);
  const server = createServer((request, response) => {
    void answer(script, memory, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(PORT, address, resolve);
  });
  const { promise: ended, resolve } = Promise.withResolvers<Exit>();
  const end = (exit: Exit) => {
    server.close(() => resolve(exit));
    server.closeAllConnections();
  };
  script.crash = end;
  return {
    ended,
    isReady: () => Promise.resolve(script.mode.kind === "Answers" && script.connected),
    terminate: () => {
      // As it ends, the real one withdraws its entries too.
      script.resting = new Set();
      end({ code: 0, message: "" });
    },
    kill: () => end({ code: 137, message: "" }),
  };
};

const answer = async (
  script: Scripted,
  memory: Memory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const reply = (status: number, body: unknown) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (script.mode.kind === "Silent") return void request.socket.destroy();
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return reply(401, { error: "no token" });
  const { mode } = script;
  switch (`${request.method} ${request.url}`) {
    case "GET /status":
      if (mode.kind === "Waits") return reply(503, { error: mode.reason });
      return reply(200, statusIn(script, memory));
    case "PUT /control": {
      const spec = executorSpec.parse(JSON.parse(await textOf(request)));
      script.told.push({ at: systemClock.elapsed(), spec });
      if (mode.kind === "Waits") return reply(503, { error: mode.reason });
      const problem = problemOf(script, memory, spec);
      if (problem !== undefined) return reply(409, { error: problem });
      take(script, memory, spec);
      return reply(200, { generation: spec.generation, changed: true });
    }
    default:
      return reply(404, { error: "no such route" });
  }
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
};

const problemOf = ({ refusal }: Scripted, { spec }: Memory, next: ExecutorSpec) =>
  next.uid === spec.uid ? refusal : `uid is ${next.uid}, and this executor is of ${spec.uid}`;

const take = (script: Scripted, memory: Memory, spec: ExecutorSpec): void => {
  if (spec.generation < memory.spec.generation) return;
  memory.spec = spec;
  const resetAt = spec.killSwitchResetAt === null ? undefined : Date.parse(spec.killSwitchResetAt);
  if (resetAt !== undefined && script.trip !== undefined && script.trip.at < resetAt) {
    script.trip = undefined;
    memory.lastResetAt = resetAt;
  }
};

/** Time has passed: what it was told is done, unless it is busy. */
const settle = (script: Scripted, { spec }: Memory): void => {
  if (script.isBusy) return;
  switch (spec.desiredState) {
    case "Trading":
      return;
    case "Reducing":
      script.resting = new Set();
      return;
    case "Flat":
      script.resting = new Set();
      script.open = new Set();
      return;
    default:
      return unreachable(spec.desiredState);
  }
};

const statusIn = (script: Scripted, memory: Memory): ExecutorStatus => {
  settle(script, memory);
  const { spec } = memory;
  return statusOf({
    namespace: spec.namespace,
    strategy: spec.name,
    strategyUid: spec.uid,
    kind: spec.kind,
    at: systemClock.now(),
    generation: spec.generation,
    connected: script.connected,
    reconciled: script.reconciled,
    protected: script.isProtected,
    desiredState: spec.desiredState,
    account: {
      exchange: "bitget",
      environment: spec.exchange.environment,
      uid: script.account,
      dedicatedKeys: true,
    },
    killSwitch: {
      ...statusOf().killSwitch,
      engaged: script.trip !== undefined,
      reason: script.trip?.reason ?? null,
      trippedAt: script.trip?.at ?? null,
      lastResetAt: memory.lastResetAt ?? null,
      sessionPnl: script.sessionPnl,
    },
    symbols: spec.assets.map(({ symbol }) =>
      symbolOf({
        symbol,
        cycle: script.open.has(symbol) ? openCycleOf() : null,
        resting: script.resting.has(symbol) ? restingOf() : [],
        settingsPending: script.holdsSettings && script.open.has(symbol),
      }),
    ),
  });
};
