/**
 * The operator with the rights and under the policies that the chart gives it: they are enough for all
 * that it does, from a new strategy to one that is gone, in one namespace and in the whole cluster.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { childName } from "#operator/kube/identity.ts";
import { FORCE_DELETE } from "#operator/observed.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import { installIdentities, installPolicies, type Scope } from "./identities.ts";
import { edited, type Edit } from "./manifests.ts";
import { startOperator } from "./operator-world.ts";
import { until } from "./until.ts";
import { LIVE_STRATEGIES } from "./verdicts.ts";

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ audit: true });
  await installCrd(plane);
}, 120_000);
afterAll(() => plane.close());

const open: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const OPERATOR = "system:serviceaccount:scalp-radar:scalp-operator";
const NAME = childName({ metadata: { name: "grid-atr" } });
const DEPLOYMENT = `/apis/apps/v1/namespaces/trading/deployments/${NAME}`;
const MERGE = "application/merge-patch+json";
const isThere = async (path: string) => (await plane.call("GET", path)).status === 200;

const patch = async (edits: ReadonlyArray<Edit>) => {
  const path = `${LIVE_STRATEGIES}/grid-atr`;
  expect((await plane.call("PATCH", path, edited(edits, {}), MERGE)).status).toBe(200);
};

test.each([
  ["Namespaced", "trading"],
  ["Cluster", undefined],
] as const)(
  "installed %s, the operator is refused nothing that it asks for",
  async (scope: Scope, namespace) => {
    const installed = await installIdentities(plane, scope, ["trading"]);
    await installPolicies(plane, { maxLeverage: "20", allowedSymbols: "*", liveNamespaces: "" });
    const operator = await startOperator(plane, {
      token: installed.token("operator"),
      ...(namespace !== undefined && { namespace }),
    });
    open.push(operator.stop, installed.close);
    const created = await plane.call("POST", LIVE_STRATEGIES, edited([]));
    expect(created.status).toBe(201);
    await until("the executor's Deployment is there", () => isThere(DEPLOYMENT));
    await patch([["spec.leverage", 3]]);
    await patch([["spec.enabled", false]]);
    await until("the Deployment is gone", async () => !(await isThere(DEPLOYMENT)));
    await patch([["metadata.annotations", { [FORCE_DELETE]: "true" }]]);
    await plane.call("DELETE", `${LIVE_STRATEGIES}/grid-atr`);
    await until(
      "the strategy is gone",
      async () => !(await isThere(`${LIVE_STRATEGIES}/grid-atr`)),
    );
    const asked = plane.audit().filter(({ user }) => user === OPERATOR);
    expect(asked.filter(({ code }) => code === 403)).toEqual([]);
    const writes = asked.map(({ verb, resource, subresource }) =>
      [verb, resource, subresource].filter((word) => word !== undefined).join(" "),
    );
    expect(writes).toEqual(
      expect.arrayContaining([
        "create configmaps",
        "create deployments",
        "create persistentvolumeclaims",
        "create services",
        "delete deployments",
        "patch livestrategies",
        "patch livestrategies status",
      ]),
    );
  },
  120_000,
);
