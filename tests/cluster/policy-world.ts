/** A plane with LiveStrategies, the chart's identities with every right, and the chart's policies. */

import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import {
  installIdentities,
  installPolicies,
  RELEASE,
  type Identity,
  type Installed,
  type PolicyParameters,
} from "./identities.ts";
import { edited, type Edit } from "./manifests.ts";
import { until } from "./until.ts";
import { LIVE_STRATEGIES, verdictOf, type Verdict } from "./verdicts.ts";

export const DRY_RUN = "?dryRun=All";
export const MERGE = "application/merge-patch+json";

export const onlyEther: Edit = ["spec.assets", [{ symbol: "ETH/USDT:USDT" }]];
export const small: Edit = ["spec.leverage", 4];

export const generous: PolicyParameters = {
  maxLeverage: "20",
  allowedSymbols: "*",
  liveNamespaces: "*",
};

export type PolicyWorld = {
  readonly plane: ControlPlane;
  readonly callAs: Installed["callAs"];
  readonly create: (name: string, edits: ReadonlyArray<Edit>) => Promise<void>;
  /** What creating it would be answered with. */
  readonly ask: (edits: ReadonlyArray<Edit>) => Promise<Verdict>;
  /** What a merge patch would be answered with; the path goes on from the collection. */
  readonly patchAs: (who: Identity | "admin", patch: object, path: string) => Promise<Verdict>;
  readonly close: () => Promise<void>;
};

/** With what is there before the policies are; `modest` is always there. */
export const startPolicyWorld = async (
  existing: Readonly<Record<string, ReadonlyArray<Edit>>>,
): Promise<PolicyWorld> => {
  const plane = await startControlPlane({
    controllers: ["validatingadmissionpolicy-status-controller"],
  });
  await installCrd(plane);
  const installed = await installIdentities(plane, "Namespaced", ["trading"]);
  const world: PolicyWorld = {
    plane,
    callAs: installed.callAs,
    create: async (name, edits) => {
      const document = edited([...edits, ["metadata.name", name]]);
      const { status, message } = verdictOf(await plane.call("POST", LIVE_STRATEGIES, document));
      if (status !== 201) throw new Error(`${name} is refused: ${message}`);
    },
    ask: async (edits) =>
      verdictOf(await plane.call("POST", LIVE_STRATEGIES + DRY_RUN, edited(edits))),
    patchAs: async (who, patch, path) => {
      const call = who === "admin" ? plane.call : installed.callAs(who);
      return verdictOf(await call("PATCH", `${LIVE_STRATEGIES}/${path}${DRY_RUN}`, patch, MERGE));
    },
    close: async () => {
      installed.close();
      await plane.close();
    },
  };
  await giveEveryRight(plane);
  await world.create("modest", [onlyEther, small]);
  for (const [name, edits] of Object.entries(existing)) await world.create(name, edits);
  await installPolicies(plane, generous);
  await until("the policies act", async () => {
    const label = { metadata: { labels: { probe: "x" } } };
    const operator = await world.patchAs("operator", label, "modest");
    const aggregator = await world.patchAs("aggregator", label, "modest");
    return operator.status === 403 && aggregator.status === 403;
  });
  return world;
};

/** So that what refuses is a policy, and never RBAC. */
const giveEveryRight = async ({ kubectl }: ControlPlane): Promise<void> => {
  for (const identity of ["operator", "aggregator"]) {
    const account = `--serviceaccount=${RELEASE}:scalp-${identity}`;
    const args = ["create", "rolebinding", identity, "--clusterrole=cluster-admin", account];
    const { code, stderr } = await kubectl([...args, "--namespace=trading"]);
    if (code !== 0) throw new Error(stderr);
  }
};

type Denial = {
  readonly policy: string;
  readonly name: string;
  readonly words: string;
  /** Where a policy has several. */
  readonly binding?: string;
};

/** The server's whole message. */
export const denied = ({ policy, name, words, binding = "" }: Denial): string =>
  `livestrategies.scalpradar.io "${name}" is forbidden: ValidatingAdmissionPolicy 'scalp-radar-${policy}' with binding 'scalp-radar-${policy}${binding}' denied request: ${words}`;
