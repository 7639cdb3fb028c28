/** The chart as the API server gets to see it: rendered by Helm, read into objects. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { parseYaml } from "#runtime/yaml.ts";
import { findHelm, helmRunner, type Helm } from "./helm.ts";

export const CHART = join(import.meta.dirname, "../../charts/scalp-radar");

/** As of the control plane of the tests; a Helm on the machine may be older and suppose less. */
const KUBE_VERSION = "1.36.3";

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});
export type Manifest = z.infer<typeof manifest>;

export type Rendering = {
  readonly namespace?: string;
  readonly release?: string;
  /** What the cluster is said to serve beside the usual. */
  readonly apiVersions?: ReadonlyArray<string>;
};

export type Chart = {
  readonly helm: Helm;
  /** Throws with Helm's words where it refuses. */
  readonly render: (values?: object, rendering?: Rendering) => ReadonlyArray<Manifest>;
  /** Helm's words where it refuses; empty where it does not. */
  readonly refusal: (values: object) => string;
  readonly close: () => void;
};

export const openChart = async (): Promise<Chart> => {
  const folder = mkdtempSync(join(tmpdir(), "scalp-chart-"));
  const helm = helmRunner(await findHelm(), folder);
  const template = (values: object, rendering: Rendering) => {
    const { namespace = "scalp-radar", release = "scalp", apiVersions = [] } = rendering;
    return helm(
      [
        "template",
        release,
        CHART,
        `--namespace=${namespace}`,
        `--kube-version=${KUBE_VERSION}`,
        ...apiVersions.map((version) => `--api-versions=${version}`),
      ],
      { values },
    );
  };
  return {
    helm,
    render: (values = {}, rendering = {}) => {
      const { code, stdout, stderr } = template(values, rendering);
      if (code !== 0) throw new Error(stderr);
      return manifestsIn(stdout);
    },
    refusal: (values) => {
      const { code, stderr } = template(values, {});
      return code === 0 ? "" : stderr;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
};

export const manifestsIn = (text: string): ReadonlyArray<Manifest> => {
  const read = parseYaml(text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.flatMap(({ value }) => (value === null ? [] : [manifest.parse(value)]));
};

/** `Deployment scalp-operator`; with the namespace where it is not the release's. */
export const nameOf = ({ kind, metadata: { name, namespace } }: Manifest): string =>
  namespace === undefined || namespace === "scalp-radar"
    ? `${kind} ${name}`
    : `${kind} ${namespace}/${name}`;

export const find = (objects: ReadonlyArray<Manifest>, name: string): Manifest => {
  const found = objects.find((object) => nameOf(object) === name);
  if (found === undefined) throw new Error(`no ${name} in ${objects.map(nameOf).join(", ")}`);
  return found;
};

const podTemplate = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    serviceAccountName: z.string(),
    containers: z.array(
      z.looseObject({
        name: z.string(),
        image: z.string(),
        env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
        ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
      }),
    ),
  }),
});
export type PodTemplate = z.infer<typeof podTemplate>;

/** What has pods. */
const workload = z.looseObject({ spec: z.looseObject({ template: podTemplate }) });

export const podOf = (object: Manifest): PodTemplate => workload.parse(object).spec.template;

export const podsIn = (
  objects: ReadonlyArray<Manifest>,
): ReadonlyArray<readonly [name: string, pod: PodTemplate]> =>
  objects.flatMap((object) => {
    const read = workload.safeParse(object);
    return read.success ? [[nameOf(object), read.data.spec.template] as const] : [];
  });

/** Environment of the one container. */
export const variablesOf = (object: Manifest): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    podOf(object).spec.containers.flatMap(({ env }) => env.map(({ name, value }) => [name, value])),
  );
