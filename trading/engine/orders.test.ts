import { expect, test } from "@jest/globals";
import { entries, level, of, reported, reportOf, restingStage } from "../testing/acts.ts";
import {
  accepted,
  account,
  bar,
  BTC,
  EXPIRY_MS,
  kinds,
  readyStage,
  settingsOf,
  type Happening,
} from "../testing/scene.ts";

const settings = settingsOf([BTC]);

test("an order without an answer is asked about, and never sent again", () => {
  const scene = readyStage(settings);
  scene.play(bar(scene));
  const first = level(scene, 0);
  scene.play(accepted(level(scene, 1)), accepted(level(scene, 2)));
  const unknown: Happening = {
    kind: "OrderAnswered",
    id: first.id,
    answer: { kind: "Unknown", detail: "timeout" },
  };
  scene.play(unknown);
  let submits = 0;
  let asks = 0;
  for (let second = 0; second < 120; second += 1) {
    scene.wait(1_000);
    const commands = scene.play({ kind: "Ticked" });
    asks += of(commands, "AskOrder").length;
    submits += of(commands, "SubmitEntry").length;
  }
  expect(submits).toBe(0);
  expect(asks).toBeGreaterThan(8);
  expect(asks).toBeLessThan(20); // With growing pauses.
});

test("an unknown order that was not found is given up only after its request has expired, twice", () => {
  const scene = readyStage(settings);
  scene.play(bar(scene));
  const first = level(scene, 0);
  const answer = { kind: "Unknown", detail: "timeout" } as const;
  scene.play({ kind: "OrderAnswered", id: first.id, answer });
  const absent = (): Happening => ({ kind: "OrderAbsent", id: first.id, askedAt: scene.now() });
  scene.wait(EXPIRY_MS);
  expect(scene.play(absent(), absent(), absent())).toEqual([]);
  scene.wait(10_000);
  expect(scene.play(absent())).toEqual([]);
  // Lost: the level is free, and gets a new order with a new id.
  const [again] = of(scene.play(absent()), "SubmitEntry");
  expect(again?.limit.toFixed()).toBe("100");
  expect(again?.id).not.toBe(first.id);
});

test("an order that is finished with fills missing makes us fetch them, and keeps its level", () => {
  const scene = restingStage(settings);
  const first = level(scene, 0);
  const commands = scene.play(reported(first, { status: "Filled", filled: first.size }));
  expect(kinds(commands)).toEqual(["AskFills"]);
  scene.wait(3_600_000);
  const submits = of(scene.play(bar(scene)), "SubmitEntry");
  expect(submits.map(({ limit }) => limit.toFixed())).not.toContain("100");
});

test("an open order that the account no longer shows is asked about", () => {
  const scene = restingStage(settings);
  const shown = entries(scene)
    .slice(1)
    .map((order) => reportOf(order));
  expect(of(scene.play(account(scene, { orders: shown })), "AskOrder").map(({ id }) => id)).toEqual(
    [level(scene, 0).id],
  );
});
