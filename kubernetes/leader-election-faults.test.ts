/**
 * Three replicas whose machines and ways to the server fail in every way at once.
 *
 * That two leads overlap shows at the instant at which the later one begins. Who has ended comes back
 * under a new name, as a Deployment sees to.
 */

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { newReplica, newWorld, timeOf, type Replica, type World } from "./testing/replicas.ts";

const FAULTS_MS = 60_000;
const FAULT_MAX_MS = 25_000;
/** A lease, a retry, a restart, and the answers that are still on their way. */
const RECOVERY_MS = 60_000;

const fault = fc.record({
  at: fc.integer({ min: 0, max: FAULTS_MS }),
  forMs: fc.integer({ min: 1, max: FAULT_MAX_MS }),
  replica: fc.nat(2),
  kind: fc.constantFrom("Pause", "Deaf", "Mute", "SlowRequests", "SlowAnswers"),
  ms: fc.integer({ min: 100, max: 14_000 }),
});
type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

const inject = ({ time }: World, { node }: Replica, { kind, forMs, ms }: Fault): void => {
  const { faults } = node;
  switch (kind) {
    case "Pause":
      return node.pause(forMs);
    case "Deaf":
      faults.isDeaf = true;
      break;
    case "Mute":
      faults.isMute = true;
      break;
    case "SlowRequests":
      faults.requestMs = ms;
      break;
    case "SlowAnswers":
      faults.answerMs = ms;
      break;
  }
  time.after(forMs, () =>
    Object.assign(faults, { isDeaf: false, isMute: false, requestMs: 1, answerMs: 1 }),
  );
};

const offset = fc.integer({ min: -3_600_000, max: 3_600_000 });

const arbitraryWorld = fc.record({
  seed: fc.nat(),
  /** How far the clocks are off. */
  offsets: fc.tuple(offset, offset, offset),
  faults: fc.array(fault, { maxLength: 10, size: "max" }),
  workMs: fc.constantFrom(0, 3_000),
});

test("whatever is late, lost or stands still, at most one leads by its own clock, and one does afterwards", async () => {
  let takeovers = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryWorld, async ({ seed, offsets, faults, workMs }) => {
      const world = newWorld(createVirtualTime(millis(1_795_262_400_000), seed), seed);
      const all: Replica[] = [];
      const present: Replica[] = [];
      const leaders = () => all.filter(({ elector }) => elector.isLeader());
      const overlaps: number[] = [];
      const onLead = () => {
        if (leaders().length > 1) overlaps.push(world.time.elapsed());
      };
      const start = (index: number, turn: number): void => {
        const nowOffsetMs = offsets[index] ?? 0;
        const replica = newReplica(world, `${index}-${turn}`, { nowOffsetMs, workMs, onLead });
        present[index] = replica;
        all.push(replica);
        void replica.running.then(() => world.time.after(1_000, () => start(index, turn + 1)));
      };
      for (const index of offsets.keys()) start(index, 0);
      for (const one of faults) {
        world.time.after(one.at, () => {
          const replica = present[one.replica];
          if (replica !== undefined) inject(world, replica, one);
        });
      }
      await world.pass(FAULTS_MS + FAULT_MAX_MS + RECOVERY_MS);
      expect(overlaps).toEqual([]);
      expect(leaders()).toHaveLength(1);
      takeovers += all.filter((replica) => timeOf(replica, "leads") !== undefined).length - 1;
    }),
    { numRuns: 60 },
  );
  // The faults do what they are for.
  expect(takeovers).toBeGreaterThan(20);
});
