import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { KubeObject, Manifest } from "#kubernetes/object.ts";
import {
  add,
  additions,
  changes,
  CONTAINER,
  exchanges,
  harmless,
  replace,
} from "../testing/hands.ts";
import { inAnyOrder, patched, valueAt } from "../testing/json.ts";
import { fullWorkload, storedOf, workloadOf } from "../testing/workloads.ts";
import { differences, repairOf } from "./difference.ts";
import { fitted } from "./volume-claim.ts";

const { configMap, volumeClaim, service, deployment } = workloadOf(fullWorkload);

const found = (desired: Manifest, live: KubeObject) =>
  differences(desired, live).map(({ kind, path }) => `${kind} ${path}`);

test.each([configMap, volumeClaim, service, deployment])(
  "$kind: what a server and its controllers add is no difference",
  (desired) => {
    const live = storedOf(desired);
    expect(found(desired, live)).toEqual([]);
    expect(repairOf(differences(desired, live), live)).toBeUndefined();
  },
);

const expectRepaired = (desired: Manifest, live: KubeObject) => {
  const all = differences(desired, live);
  const operations = repairOf(all, live) ?? all.map(({ repair }) => repair);
  expect(inAnyOrder(patched(live, operations))).toEqual(inAnyOrder(storedOf(desired)));
};

test.each(changes)("changed: %s", (_name, desired, hand, expected) => {
  const live = patched(storedOf(desired), hand);
  expect(found(desired, live)).toEqual(expected);
  expect(repairOf(differences(desired, live), live)).toBeUndefined();
  expectRepaired(desired, live);
});

test.each([...additions, ...exchanges])("foreign: %s", (_name, desired, hand, expected) => {
  const live = patched(storedOf(desired), hand);
  expect(found(desired, live).toSorted()).toEqual(expected.toSorted());
  expectRepaired(desired, live);
});

test.each(harmless)("left alone: %s", (_name, desired, hand) => {
  expect(found(desired, patched(storedOf(desired), hand))).toEqual([]);
});

test("the owner of a claim that is to be retained is taken off, or the journal would go with it", () => {
  const retained = workloadOf().volumeClaim;
  const owned = volumeClaim.metadata.ownerReferences;
  const live = patched(storedOf(retained), [add("/metadata/ownerReferences", owned)]);
  expect(found(retained, live)).toEqual(["Foreign metadata.ownerReferences"]);
  expectRepaired(retained, live);
});

const size = (live: string, wanted: string): Manifest => {
  const desired = patched(volumeClaim, [replace("/spec/resources/requests/storage", wanted)]);
  const stored = patched(storedOf(volumeClaim), [
    replace("/spec/resources/requests/storage", live),
    replace("/spec/storageClassName", "another"),
  ]);
  const paths = found(desired, stored);
  expect(paths).toEqual(wanted === "3Gi" ? ["Changed spec.resources.requests[storage]"] : []);
  return fitted(desired, stored);
};

test("a claim grows, never shrinks, and keeps the class that it was made with", () => {
  const spec = (storage: string) => ({
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage } },
    storageClassName: "another",
  });
  expect(size("2Gi", "3Gi")["spec"]).toEqual(spec("3Gi"));
  expect(size("2Gi", "1Gi")["spec"]).toEqual(spec("2Gi"));
  expect(size("2Gi", "2Gi")["spec"]).toEqual(spec("2Gi"));
  expect(fitted(deployment, storedOf(deployment))).toBe(deployment);
});

test("a repair holds for the version that was compared, and for no other", () => {
  const live = patched(storedOf(service), [add("/spec/externalIPs", ["192.0.2.1"])]);
  const repair = repairOf(differences(service, live), live) ?? [];
  expect(repair[0]).toEqual({ op: "test", path: "/metadata/resourceVersion", value: "7" });
  const moved = patched(live, [replace("/metadata/resourceVersion", "8")]);
  expect(() => patched(moved, repair)).toThrow("/metadata/resourceVersion");
});

test("objects of another name or kind are not compared", () => {
  expect(() => differences(service, storedOf(configMap))).toThrow("is a child that we compare");
  const other = workloadOf({ metadata: { name: "other" } }).service;
  expect(() => differences(other, storedOf(service))).toThrow("is compared with what is wanted");
});

const names = fc.constantFrom("A", "B", "SCALP_HOST", "executor", "state");
const place = fc.nat({ max: 12 });
const hands = fc.array(
  fc.oneof(
    fc.record({ list: fc.constant(`${CONTAINER}/env`), at: place, name: names }),
    fc.record({ list: fc.constant("/spec/template/spec/volumes"), at: place, name: names }),
    fc.record({ list: fc.constant("/spec/template/spec/containers"), at: place, name: names }),
    fc.record({ list: fc.constant("/metadata/ownerReferences"), at: place, name: names }),
  ),
  { minLength: 1, maxLength: 12 },
);

const lengthOf = (document: unknown, path: string): number => {
  const list = valueAt(document, path);
  return Array.isArray(list) ? list.length : 0;
};

test("whatever entries are put anywhere into lists, one patch takes them out again", () => {
  fc.assert(
    fc.property(hands, fc.boolean(), (entries, isImageChanged) => {
      let live: KubeObject = storedOf(deployment);
      if (isImageChanged) live = patched(live, [replace(`${CONTAINER}/image`, "x")]);
      // Containers last: their places are part of the other paths.
      for (const { list, at, name } of entries.toSorted((a, b) => (a.list < b.list ? 1 : -1))) {
        const index = Math.min(at, lengthOf(live, list));
        const entry = list.endsWith("ownerReferences") ? { uid: name } : { name };
        live = patched(live, [add(`${list}/${index}`, entry)]);
      }
      const repair = repairOf(differences(deployment, live), live);
      expect(repair?.length).toBeGreaterThan(1);
      expect(found(deployment, patched(live, repair ?? []))).toEqual([]);
      expect(inAnyOrder(patched(live, repair ?? []))).toEqual(inAnyOrder(storedOf(deployment)));
    }),
  );
});
