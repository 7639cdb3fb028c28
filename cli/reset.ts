/** `scalp reset NAME`: what `kubectl patch … spec.killSwitch.resetAt` is in a cluster. */

import { join } from "node:path";
import { openLocalFleet } from "#aggregator/local-fleet.ts";
import { millis } from "#base/clock.ts";
import { latestSession, readStrategies } from "./get.ts";

const FAILED = 1;

export const resetKillSwitch = async (
  name: string,
  options: { readonly home: string },
): Promise<number> => {
  const session = latestSession(options.home);
  if (!session.ok) return fail(session.error);
  const strategy = readStrategies(session.value).find(({ metadata }) => metadata.name === name);
  if (strategy === undefined) return fail(`no strategy ${name} in ${session.value}`);
  const { engaged, trippedAt } = strategy.status?.killSwitch ?? {};
  if (engaged !== true || trippedAt === undefined) {
    return fail(`the kill switch of ${name} is not engaged`);
  }
  // Just after the trip that was seen, so that a later one is not released unseen.
  const at = millis(Date.parse(trippedAt) + 1);
  const fleet = openLocalFleet(join(session.value, "cluster"));
  const written = await fleet.resetKillSwitch(strategy.metadata, at);
  if (!written.ok) return fail(written.error);
  process.stdout.write(`reset of ${name} asked for, as of ${new Date(at).toISOString()}\n`);
  return 0;
};

const fail = (problem: string): number => {
  process.stderr.write(`scalp reset: ${problem}\n`);
  return FAILED;
};
