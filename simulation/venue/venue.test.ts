/** The simulation's exchange held against the contract of every exchange, under both rules. */

import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { contractCases, type ContractCase } from "#exchange/contract.ts";
import { assets } from "#exchange/emulator/assets.ts";
import { createEngine } from "#exchange/emulator/engine/engine.ts";
import { uid as toUid } from "#exchange/emulator/engine/state.ts";
import { defaultSwitches, type Switches } from "#exchange/emulator/engine/switches.ts";
import { contractSymbol } from "#exchange/emulator/prices/path.ts";
import { createProcessPath } from "#exchange/emulator/prices/process.ts";
import type { Exchange } from "#exchange/port.ts";
import { marketSymbol } from "#trading/market.ts";
import { clientOrderId } from "#trading/order.ts";
import { createVirtualTime } from "../time.ts";
import { createVenue } from "./venue.ts";

const START = millis(Date.UTC(2026, 5, 1, 12));
const SEED = 7;
const uid = toUid("1001");
const symbol = marketSymbol("XRP/USDT:USDT");
const xrp = assets.filter(({ base }) => base === "XRP");
const path = createProcessPath({ seed: SEED, anchor: START, assets: xrp });

/** Longest that a case may take by the clock of its world. */
const CASE_MS = 600_000;

/** A world of its own, run until the case is over. */
const play = async (
  run: ContractCase["run"],
  switches: Partial<Switches>,
  spoil: (exchange: Exchange) => Exchange = (exchange) => exchange,
): Promise<void> => {
  const time = createVirtualTime(START, SEED);
  const engine = createEngine({
    path,
    switches: { ...defaultSwitches, ...switches },
    startAt: START,
  });
  engine.openAccount(START, { uid, balance: "10000" });
  const exchange = createVenue({ time, engine, uid, seed: SEED, record: () => {} });
  let sequence = 0;
  const nextId = () => {
    sequence += 1;
    return clientOrderId("contract", 1, sequence);
  };
  const shiftPrice = async (percent: number) => {
    engine.shock(time.now(), { symbol: contractSymbol("XRPUSDT"), percent, durationMs: 0 });
  };
  const story = { ended: false };
  const driver = { exchange: spoil(exchange), clock: time, symbol, shiftPrice, nextId };
  const running = run(driver).finally(() => (story.ended = true));
  // Whoever waits for it is told of a failure below; until then it has somebody who listens.
  running.catch(() => {});
  for (let at = START + 1_000; !story.ended && at <= START + CASE_MS; at += 1_000) {
    await time.runUntil(millis(at));
  }
  if (!story.ended) throw new Error("the case did not end");
  await running;
};

const caseOf = (name: string): ContractCase["run"] => {
  const found = contractCases().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found.run;
};

for (const { name, run } of contractCases()) {
  test(`contract: ${name}`, () => play(run, {}));
}

/** Where an entry brings the position's own stop with it, this one has nothing left to place. */
const PLACES_A_STOP =
  "protection covers the position, moves in place, and goes when it is canceled";

for (const { name, run } of contractCases()) {
  if (name === PLACES_A_STOP) continue;
  test(`contract, preset stops being of the position: ${name}`, () =>
    play(run, { presetStop: "position" }));
}

test("a stop of the position that an entry brought is moved, and never placed a second time", () =>
  expect(play(caseOf(PLACES_A_STOP), { presetStop: "position" })).rejects.toThrow(
    "the write is accepted: Rejected 43031",
  ));

test("an exchange that turns a failed read into an empty list is found out", async () => {
  const run = caseOf("a resting entry is found by its id, with its numbers, until it is canceled");
  const spoil = (exchange: Exchange): Exchange => ({
    ...exchange,
    fetchOpenOrders: async () => ({ kind: "Known", value: [], at: START }),
  });
  await expect(play(run, {}, spoil)).rejects.toThrow("it is listed");
});

test("an exchange that leaves the stop of an entry away is found out", async () => {
  const run = caseOf("an entry that fills is a position with a stop, and its fills carry its id");
  const spoil = (exchange: Exchange): Exchange => ({
    ...exchange,
    fetchPlans: async () => ({ kind: "Known", value: [], at: START }),
  });
  await expect(play(run, {}, spoil)).rejects.toThrow("it has a stop");
});
