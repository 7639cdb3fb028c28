/**
 * The exchange as a process: prices, engine, state folder, REST, WebSocket and the control API, on
 * one port of one host. What starts it owns the clock and decides how fast the market goes.
 */

import express, { type Express } from "express";
import type { Millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { SessionClock } from "#runtime/clock.ts";
import { listen, type HttpServer } from "#runtime/http.ts";
import type { Logger } from "#runtime/log.ts";
import { defaultSwitches, type Switches } from "../engine/switches.ts";
import type { PricePath } from "../prices/path.ts";
import { createProcessPath } from "../prices/process.ts";
import { createRecordedPath } from "../prices/recorded.ts";
import { readRecordings } from "../recordings.ts";
import { accountEndpoints } from "./account-endpoints.ts";
import { parseAccounts, type Credentials } from "./accounts.ts";
import type { ConnectionDeps } from "./connection.ts";
import { mountControl } from "./control.ts";
import type { Hall } from "./endpoint.ts";
import { createHub, type Hub } from "./hub.ts";
import { marketEndpoints } from "./market-endpoints.ts";
import { createMarketView } from "./market-view.ts";
import { orderEndpoints } from "./order-endpoints.ts";
import {
  answerCall,
  authenticateCalls,
  pipeline,
  refuseUnknown,
  type EndpointDeps,
} from "./pipeline.ts";
import { planEndpoints } from "./plan-endpoints.ts";
import { startPump } from "./pump.ts";
import { mountRest } from "./rest.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";
import { attachSockets, PRIVATE_STREAM_PATH, PUBLIC_STREAM_PATH } from "./sockets.ts";
import { readSession, type SavedSession, type SessionFacts } from "./store.ts";

export type EmulatorOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** A directory of recorded candles; `undefined`: the prices are made up. */
  readonly dataDir: string | undefined;
  /** Where the session begins; `undefined`: where its state folder says, else now. */
  readonly from: Millis | undefined;
  /** `undefined`: the state folder's, else 1. */
  readonly seed: number | undefined;
  /** Each `key:secret:passphrase:balance`. */
  readonly accounts: ReadonlyArray<string>;
  /** `undefined`: everything is forgotten at the end. */
  readonly stateDir: string | undefined;
  readonly switches?: Partial<Switches>;
};

export type EmulatorDeps = {
  readonly clock: SessionClock;
  readonly log: Logger;
};

export type Emulator = {
  readonly restUrl: string;
  readonly publicStreamUrl: string;
  readonly privateStreamUrl: string;
  /** When the recorded data ends; `undefined`: never. */
  readonly dataEnd: Millis | undefined;
  readonly close: () => Promise<void>;
};

/** Starts everything, or says in one sentence why not, and then nothing has been started. */
export const startEmulator = async (
  options: EmulatorOptions,
  deps: EmulatorDeps,
): Promise<Result<Emulator, string>> => {
  const credentials = parseAccounts(options.accounts);
  if (!credentials.ok) return credentials;
  const plan = planSession(options, credentials.value, deps);
  if (!plan.ok) return plan;
  // The port first: a session that cannot be reached must not begin to write its folder.
  const app = express();
  const http = await listen(app, options);
  if (!http.ok) return http;
  const session = openSession(deps.clock, plan.value);
  if (!session.ok) {
    await http.value.close();
    return session;
  }
  // Nothing waited since the port was opened, so no request has been answered without its routes.
  const house = furnish(app, session.value, { credentials: credentials.value, deps });
  return ok(run(house, http.value));
};

/** The instant up to which a state folder knows the market; `undefined`: the folder is new. */
export const savedInstant = (stateDir: string): Result<Millis | undefined, string> => {
  const saved = readSession(stateDir);
  return saved.ok ? ok(saved.value?.lastInstant) : saved;
};

const DEFAULT_SEED = 1;

const planSession = (
  options: EmulatorOptions,
  credentials: Credentials,
  { clock }: EmulatorDeps,
): Result<SessionOptions, string> => {
  const { stateDir, dataDir } = options;
  const read = stateDir === undefined ? ok(undefined) : readSession(stateDir);
  if (!read.ok) return read;
  const saved = read.value;
  const seed = options.seed ?? saved?.facts.seed ?? DEFAULT_SEED;
  const anchor = options.from ?? saved?.facts.anchor ?? clock.now();
  const path = openPath({ seed, anchor }, dataDir);
  if (!path.ok) return path;
  const switches = { ...defaultSwitches, ...options.switches };
  const facts: SessionFacts = {
    source: dataDir === undefined ? "process" : "recorded",
    seed,
    anchor,
    path: path.value.identity,
    switches: JSON.stringify(switches),
  };
  const same = checkSame(stateDir, saved, facts);
  if (!same.ok) return same;
  const startAt = anchor;
  return ok({ path: path.value, switches, startAt, credentials, stateDir, facts, saved });
};

const openPath = (
  { seed, anchor }: Pick<SessionFacts, "seed" | "anchor">,
  dataDir: string | undefined,
): Result<PricePath, string> => {
  if (dataDir === undefined) return ok(createProcessPath({ seed, anchor }));
  const recordings = readRecordings(dataDir);
  if (!recordings.ok) return recordings;
  const path = createRecordedPath(recordings.value, { from: anchor, seed });
  return path.ok ? path : err(`${dataDir}: ${path.error}`);
};

/** A state that was made with other prices would go on as if nothing had happened: it must not. */
const checkSame = (
  stateDir: string | undefined,
  saved: SavedSession | undefined,
  facts: SessionFacts,
): Result<undefined, string> => {
  if (saved === undefined) return ok(undefined);
  for (const field of ["source", "seed", "anchor", "path", "switches"] as const) {
    const [was, is] = [saved.facts[field], facts[field]];
    if (was !== is) {
      return err(
        `${stateDir}/emulator.json field ${field} is ${was} and this session's is ${is}: start with the same one, or choose another state folder`,
      );
    }
  }
  return ok(undefined);
};

type Context = { readonly credentials: Credentials; readonly deps: EmulatorDeps };

type House = Context & {
  readonly session: Session;
  readonly hall: Hall;
  readonly hub: Hub;
  readonly flush: () => void;
};

const furnish = (app: Express, session: Session, { credentials, deps }: Context): House => {
  const { clock, log } = deps;
  const { engine, trail } = session;
  const hall: Hall = { engine, market: createMarketView(engine) };
  const hub = createHub(hall);
  const flush = (): void => hub.pushEvents(session.flush());
  const catchUp = (): void => {
    engine.advance(clock.now());
    flush();
  };
  const endpoints: EndpointDeps = {
    hall,
    now: clock.now,
    flush,
    publicEndpoints: marketEndpoints,
    privateEndpoints: { ...accountEndpoints, ...orderEndpoints, ...planEndpoints },
  };
  const stages = [refuseUnknown(endpoints), authenticateCalls(endpoints, credentials)];
  app.disable("x-powered-by");
  app.set("etag", false);
  mountControl({ hall, trail, speed: clock.speed, catchUp }, app);
  mountRest({ answer: pipeline(stages, answerCall(endpoints)), now: clock.now, log }, app);
  return { credentials, deps, session, hall, hub, flush };
};

const run = (
  { credentials, deps, session, hall, hub, flush }: House,
  http: HttpServer,
): Emulator => {
  const { clock, log } = deps;
  const { contracts, path } = hall.engine;
  const machineMs = (): number => clock.elapsed() / clock.speed;
  const isListed: ConnectionDeps["isListed"] = (symbol) => contracts.has(symbol);
  const socketDeps = { hub, log, credentials, now: clock.now, machineMs, isListed };
  const sockets = attachSockets(socketDeps, http.server);
  const stopPump = startPump({ clock, hall, hub, flush, session, sockets });
  const streamUrl = http.url.replace(/^http/, "ws");
  return {
    restUrl: http.url,
    publicStreamUrl: `${streamUrl}${PUBLIC_STREAM_PATH}`,
    privateStreamUrl: `${streamUrl}${PRIVATE_STREAM_PATH}`,
    dataEnd: path().end,
    close: async () => {
      stopPump();
      await sockets.close();
      await http.close();
      flush();
      session.close();
    },
  };
};
