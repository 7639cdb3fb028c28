/**
 * The operator ends at any write of its, before it or after it, or does not learn what became of it:
 * the world comes to what it would have come to, and nothing was made or taken away twice on the way.
 *
 * For each number n the n-th write is disturbed, until there is no n-th write any more.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { StrategyEvent } from "#operator/cluster.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { auditedSoFar, count, effectsIn, worldOf } from "./convergence.ts";
import { installCrd } from "./crd.ts";
import { interruptions, isEnd, type Interruption } from "./interruptions.ts";
import { atEveryWrite, createPlays, wordsOf, type Reference } from "./plays.ts";
import { scenarios, type Scenario } from "./scenarios.ts";

const START_TIMEOUT_MS = 60_000;
const TIMEOUT_MS = 300_000;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ audit: true });
  await installCrd(plane);
}, START_TIMEOUT_MS);
afterAll(() => plane.close(), START_TIMEOUT_MS);

const plays = createPlays(() => plane);
afterEach(plays.close);

type Survived = {
  readonly label: string;
  readonly write: string;
  readonly namespace: string;
  /** Said more often than in the undisturbed run. */
  readonly repeated: ReadonlyArray<string>;
};

/** An event may be lost with the operator that was to say it; it is not said twice. */
const repeatedIn = (
  events: ReadonlyArray<StrategyEvent>,
  wanted: ReadonlyArray<StrategyEvent>,
): ReadonlyArray<string> => {
  const allowed = count(wanted.map(({ reason }) => reason));
  return Object.entries(count(events.map(({ reason }) => reason))).flatMap(([reason, times]) =>
    times > (allowed[reason] ?? 0) ? [reason] : [],
  );
};

/** The scenario with one write disturbed, until it has come to the same as ever. */
const disturb =
  (scenario: Scenario, reference: Reference, how: Interruption) =>
  async (at: number): Promise<Survived | undefined> => {
    const { stage, operator, interrupter } = await plays.begin(scenario, { at, how });
    const { isDone, writes } = interrupter;
    await stage.untilSettled(operator, (world) => isDone() || reference.isSo(world));
    const write = isDone() ? writes()[at - 1] : undefined;
    if (write !== undefined && isEnd(how)) await operator.stop();
    const last = write !== undefined && isEnd(how) ? await stage.start() : operator;
    await stage.untilSettled(last, reference.isSo);
    const { namespace } = stage;
    const repeated = repeatedIn(stage.events(), reference.events);
    return write && { label: `${how} ${at}`, write: wordsOf(write), namespace, repeated };
  };

test.each(scenarios)(
  "$name comes to the same, whichever of its writes is disturbed",
  async (scenario) => {
    const reference = await plays.reference(scenario);
    const ways = interruptions.map((how) => disturb(scenario, reference, how));
    const all = await atEveryWrite(reference, ways);

    const audit = await auditedSoFar(plane);
    const necessary = effectsIn(audit, reference.namespace);
    for (const survived of all) {
      // A disturbance that never happens proves nothing.
      const disturbed = survived.map(({ write }) => write);
      expect(disturbed).toEqual(expect.arrayContaining(reference.writes.map(wordsOf)));
      for (const { label, namespace, repeated } of survived) {
        expect([label, repeated]).toEqual([label, []]);
        expect([label, effectsIn(audit, namespace)]).toEqual([label, necessary]);
        // It has stayed so while the others were played.
        expect([label, await worldOf(plane, namespace)]).toEqual([label, reference.world]);
      }
    }
    const counts = all.map((survived, index) => `${survived.length} ${interruptions[index]}`);
    process.stdout.write(`operator killed, ${scenario.name}: ${counts.join(", ")}\n`);
  },
  TIMEOUT_MS,
);
