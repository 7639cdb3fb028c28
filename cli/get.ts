/**
 * `scalp get`: the strategies of the last session and what is true of them, as `kubectl get` shows it.
 *
 * It reads the session's folder, so it works while `scalp up` runs and afterwards; what a dead
 * session said last is said to be old.
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "#base/result.ts";
import { checkLiveStrategy } from "#crds/live-strategy-check.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { systemClock } from "#runtime/clock.ts";
import { openObjectStore } from "#runtime/object-store.ts";
import { strategyEvent, tableOf } from "./up/screen.ts";

const FAILED = 1;
const UNHEALTHY = 3;

export type GetOptions = { readonly home: string; readonly output?: "json" };

/** Exit code 3 when the session that is shown is not running any more. */
export const getStrategies = (name: string | undefined, options: GetOptions): number => {
  const session = latestSession(options.home);
  if (!session.ok) return fail(session.error);
  const strategies = readStrategies(session.value).filter(
    ({ metadata }) => name === undefined || metadata.name === name,
  );
  if (name !== undefined && strategies.length === 0) {
    return fail(`no strategy ${name} in ${session.value}`);
  }
  const isJson = options.output === "json";
  const text = isJson ? JSON.stringify(strategies.map(strategyEvent)) : tableOf(strategies);
  process.stdout.write(`${text}\n`);
  if (isAlive(session.value, systemClock.now())) return 0;
  process.stderr.write(`the session in ${session.value} is not running: it said this last\n`);
  return UNHEALTHY;
};

const fail = (problem: string): number => {
  process.stderr.write(`scalp get: ${problem}\n`);
  return FAILED;
};

/** The session folder that was used last. */
export const latestSession = (home: string): Result<string, string> => {
  const nothing = `no session in ${home}: start one with scalp up`;
  if (!existsSync(home)) return err(nothing);
  const [latest] = readdirSync(home)
    .map((name) => join(home, name, "session.json"))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, at: statSync(path).mtimeMs }))
    .toSorted((a, b) => b.at - a.at);
  return latest === undefined ? err(nothing) : ok(join(latest.path, ".."));
};

export const readStrategies = (session: string): ReadonlyArray<LiveStrategy> =>
  openObjectStore(join(session, "cluster", "livestrategies"))
    .list()
    .flatMap((value) => {
      const checked = checkLiveStrategy(value);
      return checked.ok ? [checked.value] : [];
    });

/** A living session writes its record twice a second. */
const ALIVE_MS = 5_000;

const isAlive = (session: string, now: number): boolean => {
  const record = statSync(join(session, "session.json"), { throwIfNoEntry: false });
  return record !== undefined && now - record.mtimeMs < ALIVE_MS;
};
