/** What other hands do to the children of a strategy, and where that is seen. */

import { NAMESPACE, type StrategyWorld } from "./strategy-world.ts";

const collections = {
  deployment: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
  service: `/api/v1/namespaces/${NAMESPACE}/services`,
  configmap: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  pvc: `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`,
};
export type Kind = keyof typeof collections;

export const pathOf = (kind: Kind, name: string): string => `${collections[kind]}/executor-${name}`;

export const jsonPatch = async (
  { plane }: StrategyWorld,
  kind: Kind,
  { name, patch }: { readonly name: string; readonly patch: ReadonlyArray<object> },
): Promise<void> => {
  const answer = await plane.call(
    "PATCH",
    pathOf(kind, name),
    patch,
    "application/json-patch+json",
  );
  if (answer.status !== 200) throw new Error(`refused: ${JSON.stringify(answer.body)}`);
};

const container = "/spec/template/spec/containers/0";

type Change = {
  readonly what: string;
  readonly kind: Kind;
  /** Server-side apply leaves what others have added, so a patch takes it out. */
  readonly by: "patch" | "apply";
  /** As the event says it. */
  readonly path: string;
  readonly change: (world: StrategyWorld, name: string) => Promise<unknown>;
};

export const changes: ReadonlyArray<Change> = [
  {
    what: "a variable of its own",
    kind: "deployment",
    by: "patch",
    path: "spec.template.spec.containers[executor].env[LD_PRELOAD]",
    change: (world, name) =>
      world.kubectl("set", "env", `deployment/executor-${name}`, "LD_PRELOAD=/x.so"),
  },
  {
    what: "another value of a variable of ours",
    kind: "deployment",
    by: "apply",
    path: "spec.template.spec.containers[executor].env[SCALP_PORT].value",
    change: (world, name) =>
      world.kubectl("set", "env", `deployment/executor-${name}`, "SCALP_PORT=1"),
  },
  {
    what: "a container beside ours",
    kind: "deployment",
    by: "patch",
    path: "spec.template.spec.containers[spy]",
    change: (world, name) =>
      jsonPatch(world, "deployment", {
        name,
        patch: [
          {
            op: "add",
            path: "/spec/template/spec/containers/-",
            value: { name: "spy", image: "spy" },
          },
        ],
      }),
  },
  {
    what: "a volume and its mount",
    kind: "deployment",
    by: "patch",
    path: "spec.template.spec.containers[executor].volumeMounts[/host]",
    change: (world, name) =>
      jsonPatch(world, "deployment", {
        name,
        patch: [
          {
            op: "add",
            path: "/spec/template/spec/volumes/-",
            value: { name: "host", hostPath: { path: "/" } },
          },
          {
            op: "add",
            path: `${container}/volumeMounts/-`,
            value: { name: "host", mountPath: "/host" },
          },
        ],
      }),
  },
  {
    what: "other arguments",
    kind: "deployment",
    by: "apply",
    path: "spec.template.spec.containers[executor].args",
    change: (world, name) =>
      jsonPatch(world, "deployment", {
        name,
        patch: [{ op: "replace", path: `${container}/args`, value: ["executor", "--unsafe"] }],
      }),
  },
  {
    what: "a command",
    kind: "deployment",
    by: "patch",
    path: "spec.template.spec.containers[executor].command",
    change: (world, name) =>
      jsonPatch(world, "deployment", {
        name,
        patch: [{ op: "add", path: `${container}/command`, value: ["sleep", "1d"] }],
      }),
  },
  {
    what: "two pods",
    kind: "deployment",
    by: "apply",
    path: "spec.replicas",
    change: (world, name) => world.kubectl("scale", `deployment/executor-${name}`, "--replicas=2"),
  },
  {
    what: "no pod",
    kind: "deployment",
    by: "apply",
    path: "spec.replicas",
    change: (world, name) => world.kubectl("scale", `deployment/executor-${name}`, "--replicas=0"),
  },
  {
    what: "a label less",
    kind: "deployment",
    by: "apply",
    path: "metadata.labels[app.kubernetes.io/part-of]",
    change: (world, name) =>
      world.kubectl("label", `deployment/executor-${name}`, "app.kubernetes.io/part-of-"),
  },
  {
    what: "the label less by which it is found",
    kind: "configmap",
    by: "apply",
    path: "metadata.labels[app.kubernetes.io/managed-by]",
    change: (world, name) =>
      world.kubectl("label", `configmap/executor-${name}`, "app.kubernetes.io/managed-by-"),
  },
  {
    what: "another specification",
    kind: "configmap",
    by: "apply",
    path: "data[spec.json]",
    change: (world, name) =>
      jsonPatch(world, "configmap", {
        name,
        patch: [{ op: "replace", path: "/data/spec.json", value: "{}" }],
      }),
  },
  {
    what: "a file beside it",
    kind: "configmap",
    by: "patch",
    path: "data[more.json]",
    change: (world, name) =>
      jsonPatch(world, "configmap", {
        name,
        patch: [{ op: "add", path: "/data/more.json", value: "{}" }],
      }),
  },
  {
    what: "another selector",
    kind: "service",
    by: "apply",
    path: "spec.selector",
    change: (world, name) =>
      jsonPatch(world, "service", {
        name,
        patch: [
          { op: "replace", path: "/spec/selector/scalpradar.io~1strategy-uid", value: "another" },
        ],
      }),
  },
  {
    what: "no owner",
    kind: "service",
    by: "apply",
    path: "metadata.ownerReferences",
    change: (world, name) =>
      jsonPatch(world, "service", {
        name,
        patch: [{ op: "remove", path: "/metadata/ownerReferences" }],
      }),
  },
  {
    what: "a label less",
    kind: "pvc",
    by: "apply",
    path: "metadata.labels[app.kubernetes.io/part-of]",
    change: (world, name) =>
      world.kubectl("label", `pvc/executor-${name}`, "app.kubernetes.io/part-of-"),
  },
];

/** Somebody who puts his own back, again and again. */
export const fighters = [
  {
    name: "fought-replicas",
    kind: "deployment",
    path: "spec.replicas",
    patch: [{ op: "replace", path: "/spec/replicas", value: 0 }],
  },
  {
    name: "fought-replaced",
    kind: "deployment",
    path: "spec.template.spec.containers[executor].args",
    patch: [
      { op: "replace", path: `${container}/args`, value: ["sleep"] },
      { op: "remove", path: "/metadata/annotations/scalpradar.io~1applied" },
    ],
  },
  {
    name: "fought-foreign",
    kind: "deployment",
    path: "spec.template.spec.containers[executor].env[LD_PRELOAD]",
    patch: [{ op: "add", path: `${container}/env/-`, value: { name: "LD_PRELOAD", value: "x" } }],
  },
  {
    name: "fought-label",
    kind: "configmap",
    path: "metadata.labels[app.kubernetes.io/managed-by]",
    patch: [{ op: "remove", path: "/metadata/labels/app.kubernetes.io~1managed-by" }],
  },
] as const;
