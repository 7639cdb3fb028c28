/**
 * The ServiceAccounts of an installation with the rules that the chart gives them, bound as the chart
 * binds them: in the namespaces that are looked after, or in the whole cluster.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseYaml } from "#runtime/yaml.ts";
import { openApiCalls, type ApiCall } from "./api-call.ts";
import type { ControlPlane } from "./control-plane.ts";

const FILES = join(import.meta.dirname, "../../charts/scalp-radar/files");

/** Where the chart is installed. */
export const RELEASE = "scalp-radar";

export const identities = ["operator", "aggregator", "arena", "executor"] as const;
export type Identity = (typeof identities)[number];

export type Scope = "Namespaced" | "Cluster";

const texts = z.array(z.string()).readonly();
const policyRules = z.array(
  z.strictObject({
    apiGroups: texts,
    resources: texts,
    resourceNames: texts.optional(),
    verbs: texts,
  }),
);
export type PolicyRule = z.infer<typeof policyRules>[number];

export const rbacFiles = [...identities, "operator-own-namespace"] as const;

export const rulesOf = (name: (typeof rbacFiles)[number]): ReadonlyArray<PolicyRule> => {
  const read = parseYaml(readFileSync(join(FILES, "rbac", `${name}.yaml`), "utf8"));
  return policyRules.parse(read.ok ? read.value[0]?.value : read.error);
};

export type Installed = {
  readonly token: (identity: Identity) => string;
  /** Raw JSON calls as that identity. */
  readonly callAs: (identity: Identity) => ApiCall;
  readonly close: () => void;
};

/** Namespaces, ServiceAccounts, roles and bindings. Executors run where LiveStrategies are. */
export const installIdentities = async (
  plane: ControlPlane,
  scope: Scope,
  watched: ReadonlyArray<string>,
): Promise<Installed> => {
  const home = (identity: Identity): string =>
    identity === "executor" ? (watched[0] ?? RELEASE) : RELEASE;
  const namespaces = [...new Set([RELEASE, ...watched])].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
  }));
  const accounts = identities.map((identity) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: `scalp-${identity}`, namespace: home(identity) },
  }));
  const roles = identities.flatMap((identity) =>
    scope === "Cluster"
      ? bound(rulesOf(identity), { identity, home: home(identity) })
      : watched.flatMap((namespace) =>
          bound(rulesOf(identity), { identity, home: home(identity), namespace }),
        ),
  );
  const own = bound(rulesOf("operator-own-namespace"), {
    identity: "operator",
    home: RELEASE,
    namespace: RELEASE,
    suffix: "-own",
  });
  await apply(plane, [...namespaces, ...accounts, ...roles, ...own]);
  const tokens = new Map(
    await Promise.all(
      identities.map(async (identity) => {
        const args = ["create", "token", `scalp-${identity}`, `--namespace=${home(identity)}`];
        const { stdout } = await plane.kubectl(args);
        return [identity, stdout.trim()] as const;
      }),
    ),
  );
  const token = (identity: Identity) => tokens.get(identity) ?? "";
  const calls = new Map(
    identities.map((identity) => [identity, openCalls(plane, token(identity))]),
  );
  return {
    token,
    callAs: (identity) => calls.get(identity)?.call ?? plane.call,
    close: () => {
      for (const { close } of calls.values()) close();
    },
  };
};

const openCalls = ({ url, ca }: ControlPlane, token: string) =>
  openApiCalls({ port: Number(new URL(url).port), ca, token });

type Binding = {
  readonly identity: Identity;
  readonly home: string;
  /** The whole cluster where absent. */
  readonly namespace?: string;
  readonly suffix?: string;
};

const bound = (
  rules: ReadonlyArray<PolicyRule>,
  { identity, home, namespace, suffix = "" }: Binding,
): ReadonlyArray<object> => {
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const name = `scalp-${identity}${suffix}`;
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
      subjects: [{ kind: "ServiceAccount", name: `scalp-${identity}`, namespace: home }],
    },
  ];
};

/** The ConfigMap that Helm values become. */
export type PolicyParameters = {
  readonly maxLeverage?: string;
  readonly allowedSymbols?: string;
  readonly liveNamespaces?: string;
};

export const installPolicies = async (
  plane: ControlPlane,
  parameters: PolicyParameters,
): Promise<void> => {
  await setParameters(plane, parameters);
  const { code, stderr } = await plane.kubectl(["apply", `--filename=${join(FILES, "policies")}`]);
  if (code !== 0 || stderr !== "") throw new Error(`the policies are refused: ${stderr}`);
};

export const setParameters = (plane: ControlPlane, data: PolicyParameters): Promise<void> =>
  apply(plane, [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "scalp-radar-policies", namespace: RELEASE },
      data,
    },
  ]);

const apply = async ({ kubectl }: ControlPlane, items: ReadonlyArray<object>): Promise<void> => {
  const list = { apiVersion: "v1", kind: "List", items };
  const { code, stderr } = await kubectl(["apply", "--filename=-"], {
    input: JSON.stringify(list),
  });
  if (code !== 0) throw new Error(`it cannot be applied: ${stderr}`);
};
