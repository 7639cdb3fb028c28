import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { FINALIZER, FORCE_DELETE } from "../observed.ts";
import { strategyOf } from "../testing/samples.ts";
import { syncObjects, type SyncOptions } from "./objects.ts";

const options = (change: Partial<SyncOptions> = {}): SyncOptions => ({
  resets: new Map(),
  now: millis(0),
  newUid: () => "new-uid",
  ...change,
});
const { metadata, ...rest } = strategyOf();
const manifest = { ...rest, metadata: { name: metadata.name, namespace: metadata.namespace } };

test("a new manifest becomes an object with an identity and generation 1", () => {
  const [object] = syncObjects([], [manifest], options());
  expect(object?.metadata).toMatchObject({
    uid: "new-uid",
    generation: 1,
    creationTimestamp: "1970-01-01T00:00:00.000Z",
  });
});

test("an unchanged manifest leaves the very same object", () => {
  const stored = syncObjects([], [manifest], options());
  expect(syncObjects(stored, [manifest], options({ now: millis(9_999) }))[0]).toBe(stored[0]);
});

test("a changed spec is a new generation of the same object", () => {
  const stored = strategyOf();
  const changed = { ...manifest, spec: { ...manifest.spec, leverage: 7 } };
  const [object] = syncObjects([stored], [changed], options());
  expect(object?.metadata).toMatchObject({ uid: "uid-1", generation: 4 });
  expect(object?.spec.leverage).toBe(7);
});

test("an object whose file is gone stays, marked, until nobody holds on to it", () => {
  const held = strategyOf({}, { finalizers: [FINALIZER] });
  const marked = syncObjects([held], [], options());
  expect(marked[0]?.metadata.deletionTimestamp).toBe("1970-01-01T00:00:00.000Z");
  const released = marked.map((one) => ({ ...one, metadata: { ...one.metadata, finalizers: [] } }));
  expect(syncObjects(released, [], options())).toEqual([]);
});

test("a file that comes back while its object is going waits for the next life", () => {
  const going = strategyOf({}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  expect(syncObjects([going], [manifest], options())).toEqual([going]);
});

test("but a person can say with it that the object is to be let go", () => {
  const going = strategyOf({}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  const annotations = { [FORCE_DELETE]: "true" };
  const noted = { ...manifest, metadata: { ...manifest.metadata, annotations } };
  const [object] = syncObjects([going], [noted], options());
  expect(object).toEqual({ ...going, metadata: { ...going.metadata, annotations } });
  expect(syncObjects(object === undefined ? [] : [object], [noted], options())[0]).toBe(object);
});

test.each([
  [undefined, "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"],
  ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"],
  ["2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"],
])("of the file's reset %s and the API's %s the later one counts", (written, asked, expected) => {
  const killSwitch = written === undefined ? {} : { killSwitch: { resetAt: written } };
  const file = { ...manifest, spec: { ...manifest.spec, ...killSwitch } };
  const resets = new Map([["trading/grid-atr", asked]]);
  const [object] = syncObjects([], [file], options({ resets }));
  expect(object?.spec.killSwitch?.resetAt).toBe(expected);
});
