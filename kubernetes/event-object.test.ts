import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { eventManifest, eventName, type EventWords, type Regarding } from "./event-object.ts";

const AT = millis(1_795_262_400_123);

const regarding: Regarding = {
  apiVersion: "scalpradar.io/v1alpha1",
  kind: "LiveStrategy",
  metadata: { namespace: "trading", name: "grid-atr", uid: "8f2c1a7b-0000-4000-8000-000000000001" },
};

const words: EventWords = {
  type: "Normal",
  reason: "ExecutorCreating",
  action: "CreateExecutor",
  note: "Starting an executor.",
};

const reporter = { controller: "scalpradar.io/operator", instance: "operator-0" };

const manifestOf = (change: Partial<EventWords>, count = 1) =>
  eventManifest("name", reporter, {
    regarding,
    words: { ...words, ...change },
    firstAt: AT,
    series: { count, lastObservedAt: millis(AT + 1_000) },
  });

test("an event says who reports what about what, and when, in microseconds", () => {
  expect(manifestOf({})).toEqual({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "name", namespace: "trading" },
    eventTime: "2026-11-21T12:00:00.123000Z",
    reportingController: "scalpradar.io/operator",
    reportingInstance: "operator-0",
    type: "Normal",
    reason: "ExecutorCreating",
    action: "CreateExecutor",
    note: "Starting an executor.",
    regarding: {
      apiVersion: "scalpradar.io/v1alpha1",
      kind: "LiveStrategy",
      namespace: "trading",
      name: "grid-atr",
      uid: "8f2c1a7b-0000-4000-8000-000000000001",
    },
  });
});

test("what was seen more than once is a series", () => {
  expect(manifestOf({}, 3)).toMatchObject({
    series: { count: 3, lastObservedTime: "2026-11-21T12:00:01.123000Z" },
  });
});

test("a related object is named too", () => {
  const metadata = { namespace: "trading", name: "pod", uid: "u" };
  expect(manifestOf({ related: { apiVersion: "v1", kind: "Pod", metadata } })).toMatchObject({
    related: { apiVersion: "v1", kind: "Pod", namespace: "trading", name: "pod", uid: "u" },
  });
});

test("what belongs to the whole cluster has its events in the namespace default", () => {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n1", uid: "u" } };
  const series = { count: 1, lastObservedAt: AT };
  const manifest = eventManifest("name", reporter, { regarding: node, words, firstAt: AT, series });
  expect(manifest.metadata.namespace).toBe("default");
  expect(manifest["regarding"]).toEqual({ apiVersion: "v1", kind: "Node", name: "n1", uid: "u" });
});

test("a note is at most 1024 bytes, whole characters with an ellipsis; words 128 without", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 2_000 }), (text) => {
      const note = String(manifestOf({ note: text })["note"]);
      const reason = String(manifestOf({ reason: text })["reason"]);
      expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(128);
      expect(note).not.toContain("\uFFFD");
      expect(text.startsWith(reason)).toBe(true);
      if (Buffer.byteLength(text) <= 1_024) return expect(note).toBe(text);
      expect(note.endsWith("…")).toBe(true);
      expect(text.startsWith(note.slice(0, -1))).toBe(true);
      return expect(Buffer.byteLength(note)).toBeGreaterThan(1_024 - 4);
    }),
  );
});

test("of characters of two bytes a note has 510 and the ellipsis, not half a one", () => {
  expect(manifestOf({ note: "é".repeat(600) })["note"]).toBe(`${"é".repeat(510)}…`);
});

test.each([
  ["grid-atr", "grid-atr.8f2c1a7b-1a1fdf3c07b-1"],
  ["system:Leader_Locking", "system-leader-locking.8f2c1a7b-1a1fdf3c07b-1"],
  ["---", "unnamed.8f2c1a7b-1a1fdf3c07b-1"],
])("the event of %s is called %s", (name, expected) => {
  const about = { ...regarding, metadata: { ...regarding.metadata, name } };
  expect(eventName(about, AT, 1)).toBe(expected.replace("1a1fdf3c07b", AT.toString(16)));
});

test("whatever a thing is called, the name of its event is one that the server takes", () => {
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
  const anyName = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]$/),
  );
  fc.assert(
    fc.property(anyName, fc.uuid(), fc.nat(), (name, uid, sequence) => {
      const called = eventName({ ...regarding, metadata: { name, uid } }, AT, sequence);
      expect(called.length).toBeLessThanOrEqual(253);
      for (const part of called.split(".")) expect(part).toMatch(label);
    }),
  );
});

test("names differ by object, by time and by sequence", () => {
  const other = { ...regarding, metadata: { ...regarding.metadata, uid: "99999999-0000" } };
  const names = [
    eventName(regarding, AT, 1),
    eventName(regarding, AT, 2),
    eventName(regarding, millis(AT + 1), 1),
    eventName(other, AT, 1),
  ];
  expect(new Set(names).size).toBe(4);
});
