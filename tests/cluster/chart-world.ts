/**
 * A cluster that Helm installs the chart on as a user would, and what tests ask of it afterwards. Its
 * namespaces let in only pods that the strictest Pod Security takes. There is no kubelet, so nothing
 * is waited for.
 */

import { z } from "zod";
import { CHART, openChart, type Chart } from "./chart.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import type { HelmAnswer } from "./helm.ts";
import { edited, type Edit } from "./manifests.ts";
import { until } from "./until.ts";
import { verdictOf } from "./verdicts.ts";

export const CRD =
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/livestrategies.scalpradar.io";
const namespaces = ["scalp-radar", "trading", "blue", "green"];
const releases = { scalp: "scalp-radar", blue: "blue", green: "green" };

export const strategiesIn = (namespace: string): string =>
  `/apis/scalpradar.io/v1alpha1/namespaces/${namespace}/livestrategies`;

export type ChartWorld = {
  readonly plane: ControlPlane;
  readonly chart: Chart;
  /** `install scalp`; into the namespace, with these values and no others. */
  readonly helm: (command: string, namespace: string, values?: object) => HelmAnswer;
  readonly status: (path: string) => Promise<number>;
  /** Resolves once the server knows LiveStrategies. */
  readonly served: () => Promise<void>;
  /**
   * Resolves with the server's words once it refuses a new strategy by these, or with none once it
   * would take it: a policy acts some time after it was written.
   */
  readonly refusal: (
    words: string,
    namespace: string,
    edits: ReadonlyArray<Edit>,
  ) => Promise<string>;
  readonly token: (namespace: string, secret: string) => Promise<string | undefined>;
  /** What a ServiceAccount `namespace/name` may do in a namespace, as kubectl lists it. */
  readonly rights: (account: string, namespace: string) => Promise<ReadonlyArray<string>>;
  /** As if the cluster had never seen the chart. */
  readonly clear: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export const startChartWorld = async (): Promise<ChartWorld> => {
  const chart = await openChart();
  const plane = await startControlPlane({
    controllers: ["validatingadmissionpolicy-status-controller"],
  });
  for (const name of namespaces) {
    await plane.call("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
  }
  const helm = helmOn(plane, chart);
  const status = async (path: string) => (await plane.call("GET", path)).status;
  return {
    plane,
    chart,
    helm,
    status,
    served: () =>
      until("LiveStrategies are served", async () => (await status(strategiesIn("blue"))) === 200),
    refusal: (words, namespace, edits) => refusalOn(plane, words, namespace, edits),
    token: async (namespace, secret) => {
      const { body } = await plane.call("GET", `/api/v1/namespaces/${namespace}/secrets/${secret}`);
      const read = z.object({ data: z.object({ token: z.string() }) }).safeParse(body);
      return read.data?.data.token;
    },
    rights: (account, namespace) => rightsOn(plane, account, namespace),
    clear: async () => {
      for (const [release, namespace] of Object.entries(releases)) {
        helm(`uninstall ${release}`, namespace);
      }
      await removeKept(plane);
      await until("the CRD is gone", async () => (await status(CRD)) === 404);
    },
    close: async () => {
      chart.close();
      await plane.close();
    },
  };
};

const refusalOn = async (
  { call }: ControlPlane,
  words: string,
  namespace: string,
  edits: ReadonlyArray<Edit>,
): Promise<string> => {
  const document = edited([...edits, ["metadata.namespace", namespace]]);
  let message = "";
  const isSo = async () => {
    ({ message } = verdictOf(
      await call("POST", `${strategiesIn(namespace)}?dryRun=All`, document),
    ));
    return words === "" ? message === "" : message.includes(words);
  };
  await until(`in ${namespace}: ${words || "it is taken"}`, isSo);
  return message;
};

const helmOn =
  (plane: ControlPlane, chart: Chart): ChartWorld["helm"] =>
  (command, namespace, values) => {
    const [verb = "", release = ""] = command.split(" ");
    // Without the flag an upgrade takes the values of the last revision where none are given.
    const where = { install: [CHART], upgrade: [CHART, "--reset-values"] }[verb] ?? [];
    return chart.helm([verb, release, ...where, `--namespace=${namespace}`], {
      kubeconfig: plane.kubeconfig(),
      ...(values !== undefined && { values }),
    });
  };

/** What Helm printed, where it did what it was asked to. */
export const done = (answer: HelmAnswer): string => {
  if (answer.code !== 0) throw new Error(answer.stderr);
  return answer.stdout;
};

const removeKept = async ({ kubectl, call }: ControlPlane): Promise<void> => {
  for (const namespace of namespaces) {
    const kinds = "secrets,serviceaccounts,networkpolicies";
    const ours = "--selector=app.kubernetes.io/part-of=scalp-radar";
    await kubectl(["delete", kinds, `--namespace=${namespace}`, ours]);
  }
  await call("DELETE", CRD);
};

/** Without what every account has. */
const rightsOn = async (
  { kubectl }: ControlPlane,
  account: string,
  namespace: string,
): Promise<ReadonlyArray<string>> => {
  const [from = "", name = ""] = account.split("/");
  const made = await kubectl(["create", "token", name, `--namespace=${from}`]);
  const args = ["auth", "can-i", "--list", "--no-headers", `--namespace=${namespace}`];
  const { stdout } = await kubectl(args, { token: made.stdout.trim() });
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/))
    .filter(([first = ""]) => !first.startsWith("[") && !first.startsWith("self"))
    .map(([first, , ...rest]) => [first, ...rest].join(" "))
    .toSorted();
};
