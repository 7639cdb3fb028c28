import { expect, test } from "@jest/globals";
import { silentLogger } from "#runtime/log.ts";
import type { KubeObject } from "./object.ts";
import { createReplica, type Change, type ObjectEvent } from "./reflector-replica.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const object = (uid: string, version: number, metadata: Record<string, unknown> = {}) =>
  ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "trading", uid, resourceVersion: `${version}`, ...metadata },
  }) as KubeObject;

const event = (type: ObjectEvent["type"], uid: string, version: number): ObjectEvent => ({
  type,
  object: object(uid, version),
});

const createRecorded = (onChange?: () => void) => {
  const changes: Change<KubeObject>[] = [];
  const errors: string[] = [];
  const log = {
    ...silentLogger,
    error: (_data: unknown, said?: string) => errors.push(said ?? ""),
  };
  const replica = createReplica(
    { log },
    {
      trim: (whole) => whole,
      indexes: {},
      onChange: (change) => {
        changes.push(change);
        onChange?.();
      },
    },
  );
  const told = () =>
    changes.map(({ before, after }) =>
      [before, after].map(
        (side) => side && `${side.metadata.uid}@${side.metadata.resourceVersion}`,
      ),
    );
  return { replica, changes, told, errors };
};

test("an object begins, changes and ends, each step from where the one before ended", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("ADDED", "u1", 1));
  replica.apply(event("MODIFIED", "u1", 2));
  replica.apply(event("DELETED", "u1", 3));
  expect(told()).toEqual([
    [undefined, "u1@1"],
    ["u1@1", "u1@2"],
    ["u1@2", undefined],
  ]);
});

test("the same version once more is nothing new", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("ADDED", "u1", 1));
  replica.apply(event("ADDED", "u1", 1));
  expect(told()).toHaveLength(1);
});

test("another uid under the same name is an end and a beginning", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("ADDED", "u1", 1));
  replica.apply(event("ADDED", "u2", 5));
  expect(told()).toEqual([
    [undefined, "u1@1"],
    ["u1@1", undefined],
    [undefined, "u2@5"],
  ]);
});

test("a version that another object had before, as after a restore, is no sign that it is the same", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("ADDED", "u1", 5));
  replica.apply(event("ADDED", "u2", 5));
  expect(told().slice(1)).toEqual([
    ["u1@5", undefined],
    [undefined, "u2@5"],
  ]);
});

test("the end of an older one does not end the one that has its name now", () => {
  const { replica } = createRecorded();
  replica.apply(event("ADDED", "u2", 5));
  replica.apply(event("DELETED", "u1", 4));
  expect(replica.store.size()).toBe(1);
});

test("an end of something that was never known is nothing", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("DELETED", "u1", 4));
  expect(told()).toEqual([]);
});

test("an older version is a level like any other: the server's order is the truth", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("ADDED", "u1", 5));
  replica.apply(event("MODIFIED", "u1", 4));
  expect(told()).toEqual([
    [undefined, "u1@5"],
    ["u1@5", "u1@4"],
  ]);
});

test("a snapshot changes nothing until it is adopted, and then only what differs", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("ADDED", "u1", 1));
  const snapshot = replica.snapshot();
  snapshot.take(event("ADDED", "u2", 5));
  const other = { ...object("u3", 6), metadata: { ...object("u3", 6).metadata, name: "b" } };
  snapshot.take({ type: "ADDED", object: other });
  expect(told()).toHaveLength(1);
  snapshot.adopt();
  expect(told().slice(1)).toEqual([
    ["u1@1", undefined],
    [undefined, "u2@5"],
    [undefined, "u3@6"],
  ]);
});

test("what is missing from a snapshot has ended, and what was deleted while it came was never in it", () => {
  const { replica, told } = createRecorded();
  replica.apply(event("ADDED", "u1", 1));
  const snapshot = replica.snapshot();
  snapshot.take(event("ADDED", "u1", 2));
  snapshot.take(event("DELETED", "u1", 3));
  snapshot.adopt();
  expect(told().slice(1)).toEqual([["u1@1", undefined]]);
});

test("it is told which changes a full sync has found, since those may stand for several", () => {
  const found: boolean[] = [];
  const replica = createReplica(
    { log: silentLogger },
    { trim: (whole) => whole, indexes: {}, onChange: (_change, isSync) => found.push(isSync) },
  );
  replica.apply(event("ADDED", "u1", 1));
  const snapshot = replica.snapshot();
  snapshot.take(event("ADDED", "u2", 5));
  snapshot.adopt();
  replica.apply(event("MODIFIED", "u2", 6));
  replica.apply(event("DELETED", "u2", 7));
  replica.snapshot().adopt();
  expect(found).toEqual([false, true, true, false, false]);
});

test("the listener finds the change in the store", () => {
  const sizes: number[] = [];
  const { replica } = createRecorded(() => sizes.push(replica.store.size()));
  replica.apply(event("ADDED", "u1", 1));
  replica.apply(event("ADDED", "u2", 2));
  expect(sizes).toEqual([1, 0, 1]);
});

test("a listener that throws is reported, and the copy goes on", () => {
  const { replica, errors } = createRecorded(() => {
    throw new Error("a defect");
  });
  replica.apply(event("ADDED", "u1", 1));
  replica.apply(event("MODIFIED", "u1", 2));
  expect(errors).toEqual(["listener of a change failed", "listener of a change failed"]);
  expect(replica.store.get("trading/a")?.metadata.resourceVersion).toBe("2");
});

test("what is kept has neither managedFields nor kubectl's copy of the manifest", () => {
  const kept: KubeObject[] = [];
  const replica = createReplica(
    { log: silentLogger },
    {
      trim: (stripped) => {
        kept.push(stripped);
        return stripped;
      },
      indexes: {},
      onChange: () => {},
    },
  );
  const annotations = { [LAST_APPLIED]: "{}", mine: "yes" };
  const applied = { managedFields: [{ manager: "kubectl" }], annotations };
  replica.apply({ type: "ADDED", object: object("u1", 1, applied) });
  replica.apply({
    type: "MODIFIED",
    object: object("u1", 2, { annotations: { [LAST_APPLIED]: "{}" } }),
  });
  expect(kept).toEqual([object("u1", 1, { annotations: { mine: "yes" } }), object("u1", 2)]);
});
