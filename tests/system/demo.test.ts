/** What a newcomer sees: the demo, twice, in real processes over real sockets. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { auditOf, is, isReady, newHome, up, type Run } from "./session.ts";

const TIMEOUT_MS = 120_000;
const home = newHome();
let first: Run;
let second: Run;

beforeAll(async () => {
  first = up(["--home", home, "--for", "15s"]);
  await first.ended;
  second = up(["--home", home, "--for", "8s"]);
  await second.ended;
}, TIMEOUT_MS);

afterAll(() => {
  first.kill("SIGKILL");
  second.kill("SIGKILL");
});

test("within 15 seconds a level is filled and its stop is on the exchange", async () => {
  expect(await first.until(is("level-filled"))).toMatchObject({ strategy: "grid-atr" });
  expect(await first.until(is("stop-confirmed"))).toMatchObject({ strategy: "grid-atr" });
});

test("it ends by itself, with 0", async () => {
  expect(await first.ended).toBe(0);
  expect(first.events().at(-1)).toEqual({ event: "ended", code: 0 });
});

test("at the end the ledger equals the emulator's books, to the last decimal", async () => {
  expect(await first.until(is("ledger"))).toMatchObject({ equal: true, differences: [] });
  expect(await second.until(is("ledger"))).toMatchObject({ equal: true, differences: [] });
});

test("the second run goes on with the first: same books, same positions, same orders", async () => {
  expect(await second.until(is("ready"))).toMatchObject({ resumed: true });
  await second.until(isReady("grid-atr", "Trading"));
  expect(await second.ended).toBe(0);
});

test("over both runs no order was placed twice and no position stood without its stop", () => {
  const audit = auditOf(home);
  expect(audit.fills.length).toBeGreaterThan(0);
  expect(audit.doubledClientIds).toEqual([]);
  expect(audit.nakedIntervals).toEqual([]);
});
