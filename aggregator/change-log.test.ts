import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { emptyLog, snapshotJson, takeParts, updateJson, type ChangeLog } from "./change-log.ts";
import { toParts, type Parts } from "./snapshot.ts";
import { aStatus, aStrategy, aView } from "./testing/fixtures.ts";

const parts = (...names: ReadonlyArray<string>): Parts =>
  toParts(
    aView(
      ...names.map((name) => aStrategy({ member: { name }, status: aStatus({ strategy: name }) })),
    ),
    "1",
  );

const parse = (json: string | undefined): unknown => JSON.parse(json ?? "null");

test("a snapshot is the picture, with its place in the sequence", () => {
  const log = takeParts(emptyLog, parts("a", "b"));
  expect(parse(snapshotJson(log, "e", 7))).toMatchObject({
    epoch: "e",
    sequence: 1,
    at: 7,
    version: "1",
    totals: { executors: 2 },
    strategies: { "trading/a": { name: "a" }, "trading/b": {} },
    orders: [],
  });
});

test("the same picture again is no change, though time has passed", () => {
  const log = takeParts(emptyLog, parts("a"));
  const later = parts("a");
  expect(takeParts(log, { ...later, head: { ...later.head, at: 99 } })).toBe(log);
  expect(parse(updateJson(log, 1, 99))).toEqual({ sequence: 1, at: 99 });
});

test("an update has what changed after the reader last looked, and who went", () => {
  const first = takeParts(emptyLog, parts("a", "b"));
  const second = takeParts(first, parts("b", "c"));
  expect(parse(updateJson(second, 1, 5))).toMatchObject({
    sequence: 2,
    head: { at: 5, version: "1" },
    strategies: { "trading/c": { name: "c" }, "trading/a": null },
  });
  expect(Object.keys(Object(parse(updateJson(second, 1, 5))).strategies)).toHaveLength(2);
});

test("a strategy that comes back is there again", () => {
  const gone = takeParts(takeParts(emptyLog, parts("a")), parts());
  const back = takeParts(gone, parts("a"));
  expect(parse(updateJson(back, 1, 5))).toMatchObject({
    strategies: { "trading/a": { name: "a" } },
  });
});

test("a reader of another time gets no update, and so a snapshot", () => {
  const log = takeParts(emptyLog, parts("a"));
  expect(updateJson(log, 2, 5)).toBeUndefined();
});

test("a reader that was away while more went than is remembered gets a snapshot", () => {
  const names = Array.from({ length: 300 }, (_, index) => `s${index}`);
  const log = takeParts(takeParts(takeParts(emptyLog, parts(...names)), parts()), parts("z"));
  expect(updateJson(log, 1, 5)).toBeUndefined();
  expect(updateJson(log, 2, 5)).toBeDefined();
});

test("whoever applies updates, having missed any of them, holds the snapshot", () => {
  const picture = fc.subarray(["a", "b", "c", "d"]);
  fc.assert(
    fc.property(fc.array(fc.tuple(picture, fc.boolean()), { maxLength: 20 }), (rounds) => {
      let log: ChangeLog = emptyLog;
      const held: Record<string, unknown> = {};
      let seen = 0;
      for (const [names, reads] of rounds) {
        log = takeParts(log, parts(...names));
        if (!reads) continue;
        const update = Object(parse(updateJson(log, seen, 0)));
        Object.assign(held, update.strategies);
        seen = log.sequence;
        const present = Object.keys(held).filter((key) => held[key] !== null);
        const expected = Object.keys(Object(parse(snapshotJson(log, "e", 0))).strategies);
        expect(present.toSorted()).toEqual(expected.toSorted());
      }
    }),
  );
});
