import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkLiveStrategy, checkManifest } from "./live-strategy-check.ts";

const stored = {
  apiVersion: "scalpradar.io/v1alpha1",
  kind: "LiveStrategy",
  metadata: { name: "grid-atr", namespace: "trading", uid: "u", generation: 2 },
  spec: {
    strategy: { kind: "grid_multi_tf", gridMultiTf: {} },
    timeframe: "1h",
    leverage: 3,
    assets: [{ symbol: "BTC/USDT:USDT" }],
    exchange: { id: "bitget", environment: "Demo" },
  },
};

test("defaults are filled in as an API server fills them in", () => {
  const checked = checkManifest(stored);
  expect(checked.ok && checked.value.spec).toMatchObject({
    enabled: true,
    liveEligible: false,
    desiredState: "Trading",
    strategy: { gridMultiTf: { stAtrPeriod: 10, sides: ["long", "short"] } },
    exchange: { marginMode: "crossed", acknowledgeRealMoney: false },
    selector: { mode: "Enforce" },
    onStop: "Retain",
    executor: { logLevel: "info" },
  });
});

test("an absent namespace is default, and identity is left to whoever stores", () => {
  const { uid: _, namespace: __, ...metadata } = stored.metadata;
  const checked = checkManifest({ ...stored, metadata });
  expect(checked.ok && checked.value.metadata).toEqual({ name: "grid-atr", namespace: "default" });
  expect(checkLiveStrategy({ ...stored, metadata }).ok).toBe(false);
});

test("a namespace is one label: it becomes part of paths and addresses", () => {
  for (const namespace of ["../etc", "a/b", "A", "", "a.b"]) {
    const checked = checkManifest({ ...stored, metadata: { name: "a", namespace } });
    expect(checked.ok ? [] : checked.error.map(({ path }) => path)).toEqual([
      ["metadata", "namespace"],
    ]);
  }
});

test("an object of an API server is taken with its status and its metadata", () => {
  const status = { observedGeneration: 2, conditions: [], summary: { position: "flat" } };
  const metadata = {
    ...stored.metadata,
    resourceVersion: "9",
    managedFields: [{}],
    labels: { a: "b" },
  };
  const checked = checkLiveStrategy({ ...stored, metadata, status });
  expect(checked.ok && checked.value.status).toEqual(status);
  expect(checked.ok && checked.value.metadata).toMatchObject({ uid: "u", generation: 2 });
});

test("what newer machines wrote beside the spec is accepted, unknown or garbled", () => {
  const metadata = { ...stored.metadata, invented: { later: 1 } };
  for (const status of [{ invented: 1 }, { conditions: "garbage" }, [], null]) {
    const checked = checkLiveStrategy({ ...stored, metadata, status });
    expect(checked.ok && checked.value.metadata.uid).toBe("u");
  }
  expect(checkManifest({ ...stored, status: { invented: 1 } }).ok).toBe(false);
  expect(checkLiveStrategy({ ...stored, spec: { ...stored.spec, invented: 1 } }).ok).toBe(false);
});

test("what a check has let through passes again, unchanged", () => {
  const once = checkLiveStrategy(stored);
  if (!once.ok) throw new Error("the object is valid");
  expect(checkLiveStrategy(once.value)).toEqual(once);
});

/** Each field of the resource with something else in it: schema and type must judge alike. */
test("the schema and the type accept the same", () => {
  const fields: ReadonlyArray<ReadonlyArray<string>> = Object.keys(stored.spec).map((name) => [
    name,
  ]);
  const others = [
    "risk",
    "killSwitch",
    "selector",
    "onStop",
    "executor",
    "enabled",
    "desiredState",
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...fields.flat(), ...others),
      fc.oneof(fc.jsonValue(), fc.constantFrom("Flat", "Retain", {}, { mode: "Observe" }, 7, true)),
      (name, value) => {
        const checked = checkManifest({ ...stored, spec: { ...stored.spec, [name]: value } });
        const words = checked.ok ? [] : checked.error.map((problem) => problem.words);
        // The words of the type's last word, which nothing should ever need.
        expect(words.filter((said) => said.includes("Invalid input"))).toEqual([]);
      },
    ),
  );
});
