import { expect, test } from "@jest/globals";
import type { KubeObject } from "#kubernetes/object.ts";
import { strategyOf } from "../testing/samples.ts";
import { createStrategyParser } from "./live-strategies.ts";

const storedOf = (
  metadata: Partial<KubeObject["metadata"]> = {},
  change: { readonly spec?: unknown; readonly status?: unknown } = {},
): KubeObject => {
  const { apiVersion, kind, spec } = strategyOf();
  return {
    apiVersion,
    kind,
    metadata: {
      name: "grid-atr",
      namespace: "trading",
      uid: "uid-1",
      resourceVersion: "10",
      generation: 1,
      ...metadata,
    },
    spec,
    ...change,
  };
};

const parse = (...objects: ReadonlyArray<KubeObject>) => {
  const parser = createStrategyParser();
  return objects.map((object) => parser.parse(object).strategy);
};

const status = { observedGeneration: 1, summary: { position: "flat" } };

test("what is stored becomes a strategy with every default", () => {
  const spec = {
    strategy: { kind: "grid_atr", gridAtr: {} },
    timeframe: "1h",
    leverage: 5,
    assets: [{ symbol: "BTC/USDT:USDT" }],
    exchange: { id: "bitget", environment: "Emulator" },
  };
  const metadata = {
    labels: { a: "b" },
    annotations: { c: "d" },
    finalizers: ["scalpradar.io/executor"],
    creationTimestamp: "2026-01-01T00:00:00Z",
    deletionTimestamp: "2026-01-02T00:00:00Z",
  };
  const [parsed] = parse(storedOf(metadata, { spec, status }));
  expect(parsed).toMatchObject({
    ok: true,
    value: { metadata, spec: { enabled: true, desiredState: "Trading", onStop: "Retain" }, status },
  });
});

test("its specification is parsed once for each generation, its status every time", () => {
  const [first, second, third] = parse(
    storedOf(),
    storedOf({ resourceVersion: "11" }, { status }),
    storedOf({ resourceVersion: "12", generation: 2 }, { status }),
  );
  if (!first?.ok || !second?.ok || !third?.ok) throw new Error("all are understood");
  expect(second.value.spec).toBe(first.value.spec);
  expect(second.value.status).toEqual(status);
  expect(second.value.metadata.resourceVersion).toBe("11");
  expect(third.value.spec).not.toBe(first.value.spec);
});

test("one that was deleted and made again, with the same generation, is another one", () => {
  const spec = { ...strategyOf().spec, leverage: 9 };
  const [first, second] = parse(storedOf(), storedOf({ uid: "uid-2" }, { spec }));
  if (!first?.ok || !second?.ok) throw new Error("both are understood");
  expect([first.value.spec.leverage, second.value.spec.leverage]).toEqual([5, 9]);
});

test("what is not understood says why, keeps its status, and is understood when it is mended", () => {
  const spec = { ...strategyOf().spec, leverage: "much", timeframe: "1w" };
  const [broken, mended] = parse(
    storedOf({ generation: 2 }, { spec, status }),
    storedOf({ generation: 3 }, { status }),
  );
  if (broken === undefined || broken.ok) throw new Error("it is not understood");
  expect(broken.error.problem).toContain("spec.leverage");
  expect(broken.error.problem).toContain("spec.timeframe");
  expect(broken.error.status).toEqual(status);
  expect(mended?.ok).toBe(true);
});

test("a status that is none is none", () => {
  const [parsed] = parse(storedOf({}, { status: { conditions: "none" } }));
  expect(parsed).toMatchObject({ ok: true, value: { status: undefined } });
});

test("what was forgotten is parsed again", () => {
  const parser = createStrategyParser();
  const first = parser.parse(storedOf()).strategy;
  parser.forget("uid-1");
  const second = parser.parse(storedOf()).strategy;
  if (!first.ok || !second.ok) throw new Error("both are understood");
  expect(second.value.spec).not.toBe(first.value.spec);
  expect(second.value.spec).toEqual(first.value.spec);
});
