/**
 * The chart's policies on who may write what: the aggregator two fields, the operator a finalizer and
 * the status, whatever RBAC would let them do.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { liveStrategySchema } from "#crds/crd.ts";
import { FINALIZER } from "#operator/observed.ts";
import { edited } from "./manifests.ts";
import {
  denied,
  DRY_RUN,
  MERGE,
  onlyEther,
  small,
  startPolicyWorld,
  type PolicyWorld,
} from "./policy-world.ts";
import { LIVE_STRATEGIES, verdictOf } from "./verdicts.ts";

let world: PolicyWorld;
beforeAll(async () => {
  world = await startPolicyWorld({});
}, 120_000);
afterAll(() => world.close());

const patchAs = (who: Parameters<PolicyWorld["patchAs"]>[0], patch: object, path = "modest") =>
  world.patchAs(who, patch, path);

const otherValue: Readonly<Record<string, unknown>> = {
  enabled: false,
  liveEligible: false,
  desiredState: "Flat",
  strategy: { gridAtr: { maPeriod: 20 } },
  timeframe: "4h",
  leverage: 3,
  assets: [{ symbol: "SOL/USDT:USDT" }],
  exchange: { marginMode: "isolated", credentialsSecretRef: { name: "other" } },
  risk: { maxLiveGrids: 2 },
  killSwitch: { resetAt: "2026-11-21T10:00:00Z" },
  selector: { mode: "Observe" },
  onStop: "Flatten",
  executor: { logLevel: "debug" },
};
const fields = Object.keys(liveStrategySchema.properties?.["spec"]?.properties ?? {});

test("every field of the spec is tried", () => {
  expect(Object.keys(otherValue).toSorted()).toEqual(fields.toSorted());
});

const byAggregator = (changed: string) =>
  denied({
    policy: "aggregator-writes",
    name: "modest",
    words: `the aggregator may change only spec.killSwitch and spec.desiredState, not ${changed}: change it where the manifest is kept`,
  });
const byOperator = (changed: string) =>
  denied({
    policy: "operator-writes",
    name: "modest",
    words: `the operator may change only the status and its finalizer scalpradar.io/executor, not ${changed}: a LiveStrategy is changed where its manifest is kept`,
  });

test.each(fields)("spec.%s is changed by people; by us, only what we are for", async (field) => {
  const patch = { spec: { [field]: otherValue[field] } };
  const isFree = field === "killSwitch" || field === "desiredState";
  expect(await patchAs("admin", patch)).toMatchObject({ status: 200 });
  const [aggregator, operator] = [
    await patchAs("aggregator", patch),
    await patchAs("operator", patch),
  ];
  expect(aggregator.message).toBe(isFree ? "" : byAggregator(`spec.${field}`));
  expect(operator.message).toBe(byOperator(`spec.${field}`));
});

const metadata: ReadonlyArray<readonly [patch: object, changed: string]> = [
  [{ labels: { team: "x" } }, "metadata.labels"],
  [{ annotations: { "scalpradar.io/force-delete": "true" } }, "metadata.annotations"],
  [{ finalizers: ["example.com/hold"] }, "metadata.finalizers"],
  [
    { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "a", uid: "b" }] },
    "metadata.ownerReferences",
  ],
];

test.each(metadata)("metadata is not ours to change: %j", async (patch, changed) => {
  expect(await patchAs("admin", { metadata: patch })).toMatchObject({ status: 200 });
  expect((await patchAs("aggregator", { metadata: patch })).message).toBe(byAggregator(changed));
  const forOperator = changed === "metadata.finalizers" ? `${changed} of somebody else` : changed;
  expect((await patchAs("operator", { metadata: patch })).message).toBe(byOperator(forOperator));
});

test("the aggregator may do both at once, and may not hide a third among them", async () => {
  const both = { desiredState: "Reducing", killSwitch: { resetAt: "2026-11-21T10:00:00Z" } };
  expect((await patchAs("aggregator", { spec: both })).status).toBe(200);
  const third = { metadata: { labels: { a: "b" } }, spec: { ...both, leverage: 3, risk: {} } };
  const { message, status } = await patchAs("aggregator", third);
  expect(status).toBe(403);
  // CEL goes through the fields of an object in no order.
  for (const changed of ["spec.leverage", "spec.risk", "metadata.labels"]) {
    expect(message).toContain(changed);
  }
  expect(message).not.toContain("spec.enabled");
});

test("the operator may put its finalizer there beside others, and take it off", async () => {
  await world.create("held", [onlyEther, small, ["metadata.finalizers", ["example.com/hold"]]]);
  const steps: ReadonlyArray<readonly [ReadonlyArray<string> | null, number]> = [
    [["example.com/hold", FINALIZER], 200],
    [[FINALIZER], 403],
    [["example.com/hold", "example.com/other"], 403],
    [["example.com/hold"], 200],
    [null, 403],
  ];
  for (const [finalizers, expected] of steps) {
    const answer = await world.callAs("operator")(
      "PATCH",
      `${LIVE_STRATEGIES}/held`,
      { metadata: { finalizers } },
      MERGE,
    );
    expect([finalizers, answer.status]).toEqual([finalizers, expected]);
  }
});

test("the operator writes the status, the aggregator does not", async () => {
  const patch = { status: { observedGeneration: 1 } };
  expect((await patchAs("operator", patch, "modest/status")).message).toBe("");
  expect((await patchAs("aggregator", patch, "modest/status")).message).toBe(
    denied({ policy: "aggregator-writes", name: "modest", words: aggregatorOnlyChanges }),
  );
});

const aggregatorOnlyChanges =
  "the aggregator may not create or delete a LiveStrategy, nor write its status: it may change spec.killSwitch and spec.desiredState of one that exists";
const operatorOnlyChanges =
  "the operator may not create or delete a LiveStrategy: it may write the status and its own finalizer of one that exists";

test.each([
  ["aggregator", "aggregator-writes", aggregatorOnlyChanges],
  ["operator", "operator-writes", operatorOnlyChanges],
] as const)(
  "the %s neither creates nor deletes one, with whatever rights",
  async (identity, policy, words) => {
    const call = world.callAs(identity);
    const created = verdictOf(await call("POST", LIVE_STRATEGIES + DRY_RUN, edited([])));
    expect(created.message).toBe(denied({ policy, name: "grid-atr", words }));
    const removed = verdictOf(await call("DELETE", `${LIVE_STRATEGIES}/modest${DRY_RUN}`));
    expect(removed.message).toBe(denied({ policy, name: "modest", words }));
    const all = verdictOf(await call("DELETE", LIVE_STRATEGIES + DRY_RUN));
    expect(all.status).toBe(403);
  },
);

test.each(["aggregator", "operator"] as const)(
  "another way to write is no way round for the %s: PUT, JSON patch, apply",
  async (identity) => {
    const call = world.callAs(identity);
    const path = `${LIVE_STRATEGIES}/modest${DRY_RUN}`;
    const { body } = await world.plane.call("GET", `${LIVE_STRATEGIES}/modest`);
    const json = [{ op: "replace", path: "/spec/leverage", value: 3 }];
    const applied = edited([["metadata.name", "modest"], onlyEther, ["spec.leverage", 3]]);
    const answers = [
      await call("PUT", path, edited([["spec.leverage", 3]], body)),
      await call("PATCH", path, json, "application/json-patch+json"),
      await call(
        "PATCH",
        `${path}&fieldManager=x&force=true`,
        applied,
        "application/apply-patch+yaml",
      ),
    ];
    const refused = answers.map((answer) => verdictOf(answer).message);
    const words = identity === "operator" ? byOperator : byAggregator;
    expect(refused).toEqual(answers.map(() => words("spec.leverage")));
  },
);
