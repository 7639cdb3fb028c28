/** docs/conditions.md and the code, held against each other: what one says the other says too. */

import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { millis } from "#base/clock.ts";
import { liveStrategyStatus } from "#crds/live-strategy-status.ts";
import { decide } from "./decide.ts";
import { isLeftSafe } from "./departure.ts";
import { FINALIZER, FORCE_DELETE, PAUSED } from "./observed.ts";
import { conditionReasons, eventReasons } from "./reasons.ts";
import { statusOf } from "./status.ts";
import { strategySaying } from "./testing/samples.ts";
import { situations } from "./testing/situations.ts";
import { eventsOf } from "./transitions.ts";

const page = readFileSync("docs/conditions.md", "utf8");

/** The text below a heading, up to the next one that is not below it. */
const section = (heading: string): string => {
  const [, rest = ""] = page.split(`\n${heading}\n`);
  const [level = ""] = heading.split(" ");
  return (rest.split(new RegExp(`\n#{1,${level.length}} `))[0] ?? "").trim();
};
/** The cells of each row of the first table below a heading, without its head. */
const rowsOf = (heading: string): ReadonlyArray<ReadonlyArray<string>> =>
  section(heading)
    .split("\n\n")
    .filter((part) => part.startsWith("|"))
    .slice(0, 1)
    .flatMap((table) => table.split("\n").slice(2))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );

const statuses = situations.map(({ observed }) => statusOf(observed, decide(observed), millis(0)));
const conditions = statuses.flatMap(({ conditions = [] }) => conditions);
const types = [...new Set(conditions.map(({ type }) => type))];

test("every type of condition has its line and its table, in the order of the status", () => {
  expect(rowsOf("## Types").map(([type]) => type)).toEqual(types);
  const headings = [...section("## Reasons").matchAll(/^### (.*)$/gm)].map(([, type]) => type);
  expect(headings).toEqual(types);
});

test("what a type may be is said, and Unknown where it never is has a dash", () => {
  for (const [type, ...meanings] of rowsOf("## Types")) {
    const found = new Set(conditions.filter((one) => one.type === type).map((one) => one.status));
    const said = ["True", "False", "Unknown"].filter((_, index) => meanings[index] !== "–");
    expect([type, said.toSorted()]).toEqual([type, [...found].toSorted()]);
  }
});

test.each(types)("the table of %s has every reason that it is given, and no other", (type) => {
  const given = new Set(
    conditions
      .filter((condition) => condition.type === type)
      .map(({ status, reason }) => `${status} ${reason}`),
  );
  const said = rowsOf(`### ${type}`).map(([status, reason]) => `${status} ${reason}`);
  expect(said.toSorted()).toEqual([...given].toSorted());
});

test("each reason means the same in the page and in the code, and says what to do", () => {
  const meanings = new Map<string, string>(Object.entries(conditionReasons));
  const rows = types.flatMap((type) => rowsOf(`### ${type}`));
  for (const [, reason = "", meaning, remedy] of rows) {
    expect([reason, meaning]).toEqual([reason, meanings.get(reason)]);
    expect(remedy).not.toBe("");
  }
  expect(new Set(rows.map(([, reason]) => reason))).toEqual(new Set(meanings.keys()));
});

test("the table of events is the closed list, with its meanings", () => {
  const said = rowsOf("## Events").map(([event, , meaning]) => [event, meaning]);
  expect(said).toEqual(Object.entries(eventReasons));
});

test("events are of the types that the page says", () => {
  const given = new Map<string, Set<string>>();
  for (const before of [undefined, ...statuses]) {
    for (const { reason, type } of statuses.flatMap((after) => eventsOf(before, after))) {
      given.set(reason, (given.get(reason) ?? new Set<string>()).add(type));
    }
  }
  for (const [event = "", said = ""] of rowsOf("## Events")) {
    const found = given.get(event);
    // The two that are not transitions: see transitions.test.ts.
    if (event === "DriftRepaired" || event === "PositionsLeft") continue;
    expect([event, said.split(", ").toSorted()]).toEqual([event, [...(found ?? [])].toSorted()]);
  }
});

test("annotations and the finalizer stand there under their names", () => {
  const names = rowsOf("## Annotations and the finalizer").map(([name]) => name);
  expect(names).toEqual([
    `${PAUSED}: "true"`,
    `${FORCE_DELETE}: "true"`,
    `${FINALIZER} (finalizer)`,
  ]);
});

test("what may be left with which onStop is what the code leaves", () => {
  const said = rowsOf("### The last word").map(([positions, , choices = ""]) => {
    return [positions, choices.split(", ").filter((choice) => choice !== "–")];
  });
  const left = liveStrategyStatus.shape.executor
    .unwrap()
    .shape.positions.unwrap()
    .options.map((positions) => [
      positions,
      (["Retain", "Flatten"] as const).filter((onStop) =>
        isLeftSafe(strategySaying(positions, { onStop })),
      ),
    ]);
  expect(said).toEqual(left);
});

test("the health check for Argo CD names reasons of Ready that somebody has asked for", () => {
  const [, inside = ""] = /^local suspended = \{(.*)\}$/m.exec(page) ?? [];
  const named = [...inside.matchAll(/(\w+) = true/g)].map(([, reason]) => reason);
  expect(named).toEqual(["Disabled", "LiveTradingOff", "PaperOnly", "Paused"]);
  const reasons = conditions.filter(({ type }) => type === "Ready").map(({ reason }) => reason);
  for (const reason of named) expect(reasons).toContain(reason);
});
