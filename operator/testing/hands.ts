/**
 * What other hands do to our children, and the differences that it makes: held against our
 * comparison by itself, and on a real server.
 */

import type { JsonPatch } from "#kubernetes/api.ts";
import type { Manifest } from "#kubernetes/object.ts";
import { fullWorkload, workloadOf } from "./workloads.ts";

const { configMap, volumeClaim, service, deployment } = workloadOf(fullWorkload);

export const CONTAINER = "/spec/template/spec/containers/0";
const container = "spec.template.spec.containers[executor]";
const pod = "spec.template.spec";

export type Hand = readonly [
  name: string,
  desired: Manifest,
  hand: JsonPatch,
  /** Kind and path of each difference that it makes. */
  expected: ReadonlyArray<string>,
];

export const add = (path: string, value: unknown) => ({ op: "add", path, value }) as const;
export const replace = (path: string, value: unknown) => ({ op: "replace", path, value }) as const;
const remove = (path: string) => ({ op: "remove", path }) as const;

/** Of what we declare. */
export const changes: ReadonlyArray<Hand> = [
  ["replicas", deployment, [replace("/spec/replicas", 2)], ["Changed spec.replicas"]],
  [
    "the image",
    deployment,
    [replace(`${CONTAINER}/image`, "other")],
    [`Changed ${container}.image`],
  ],
  ["arguments", deployment, [add(`${CONTAINER}/args/-`, "-v")], [`Changed ${container}.args`]],
  [
    "a variable",
    deployment,
    [replace(`${CONTAINER}/env/0/value`, "/elsewhere")],
    [`Changed ${container}.env[SCALP_SPEC_FILE].value`],
  ],
  [
    "a variable that is gone",
    deployment,
    [remove(`${CONTAINER}/env/1`)],
    [`Missing ${container}.env[SCALP_STATE_DIR]`],
  ],
  [
    "all mounts",
    deployment,
    [remove(`${CONTAINER}/volumeMounts`)],
    [`Missing ${container}.volumeMounts`],
  ],
  [
    "the sandbox of the container",
    deployment,
    [remove(`${CONTAINER}/securityContext`)],
    [`Missing ${container}.securityContext`],
  ],
  [
    "privileges",
    deployment,
    [
      replace(`${CONTAINER}/securityContext/privileged`, true),
      replace(`${CONTAINER}/securityContext/allowPrivilegeEscalation`, true),
    ],
    [
      `Changed ${container}.securityContext.allowPrivilegeEscalation`,
      `Changed ${container}.securityContext.privileged`,
    ],
  ],
  [
    "a toleration",
    deployment,
    [remove("/spec/template/spec/tolerations/0")],
    [`Changed ${pod}.tolerations`],
  ],
  [
    "the hash of what was read",
    deployment,
    [replace("/spec/template/metadata/annotations/scalpradar.io~1config-hash", "0")],
    ["Changed spec.template.metadata.annotations[scalpradar.io/config-hash]"],
  ],
  [
    "a limit",
    deployment,
    [replace(`${CONTAINER}/resources/limits/memory`, "1Gi")],
    [`Changed ${container}.resources.limits[memory]`],
  ],
  [
    "a label",
    service,
    [remove("/metadata/labels/scalpradar.io~1strategy")],
    ["Missing metadata.labels[scalpradar.io/strategy]"],
  ],
  [
    "the owner",
    configMap,
    [replace("/metadata/ownerReferences/0/blockOwnerDeletion", false)],
    ["Changed metadata.ownerReferences[uid-1].blockOwnerDeletion"],
  ],
  ["the specification", configMap, [replace("/data/spec.json", "{}")], ["Changed data[spec.json]"]],
  ["all data", configMap, [remove("/data")], ["Missing data"]],
  [
    "the selector of the pods",
    service,
    [add("/spec/selector/app", "x")],
    ["Changed spec.selector"],
  ],
];

/** Beside what we declare. */
export const additions: ReadonlyArray<Hand> = [
  [
    "a variable",
    deployment,
    [add(`${CONTAINER}/env/0`, { name: "LD_PRELOAD", value: "x" })],
    [`Foreign ${container}.env[LD_PRELOAD]`],
  ],
  [
    "a second variable of a name of ours, which would win",
    deployment,
    [add(`${CONTAINER}/env/-`, { name: "SCALP_HOST", value: "evil" })],
    [`Foreign ${container}.env[SCALP_HOST]`],
  ],
  [
    "variables of a ConfigMap",
    deployment,
    [add(`${CONTAINER}/envFrom`, [{ configMapRef: { name: "x" } }])],
    [`Foreign ${container}.envFrom`],
  ],
  [
    "containers",
    deployment,
    [
      add("/spec/template/spec/containers/0", { name: "before", image: "x" }),
      add("/spec/template/spec/containers/-", { name: "after", image: "x" }),
    ],
    [`Foreign ${pod}.containers[before]`, `Foreign ${pod}.containers[after]`],
  ],
  [
    "containers that run before ours",
    deployment,
    [add("/spec/template/spec/initContainers", [{ name: "x", image: "x" }])],
    [`Foreign ${pod}.initContainers`],
  ],
  [
    "a volume and its mount",
    deployment,
    [
      add("/spec/template/spec/volumes/1", { name: "host", hostPath: { path: "/" } }),
      add(`${CONTAINER}/volumeMounts/2`, { name: "host", mountPath: "/host" }),
    ],
    [`Foreign ${container}.volumeMounts[/host]`, `Foreign ${pod}.volumes[host]`],
  ],
  [
    "a port",
    deployment,
    [add(`${CONTAINER}/ports/-`, { containerPort: 22, protocol: "TCP" })],
    [`Foreign ${container}.ports[22/TCP]`],
  ],
  [
    "a port of the node",
    deployment,
    [add(`${CONTAINER}/ports/0/hostPort`, 8080)],
    [`Foreign ${container}.ports[8080/TCP].hostPort`],
  ],
  [
    "a command",
    deployment,
    [add(`${CONTAINER}/command`, ["sh"])],
    [`Foreign ${container}.command`],
  ],
  [
    "a limit of the processor that nobody asked for",
    workloadOf().deployment,
    [add(`${CONTAINER}/resources/limits/cpu`, "1")],
    [`Foreign ${container}.resources.limits[cpu]`],
  ],
  [
    "limits where nobody asked for any",
    workloadOf({ settings: { resources: { requests: {}, limits: {} } } }).deployment,
    [add(`${CONTAINER}/resources`, { limits: { cpu: "10m" } })],
    [`Foreign ${container}.resources.limits`],
  ],
  [
    "the node's network, and the ports that the server takes with it",
    deployment,
    [add("/spec/template/spec/hostNetwork", true), add(`${CONTAINER}/ports/0/hostPort`, 8080)],
    [`Foreign ${container}.ports[8080/TCP].hostPort`, `Foreign ${pod}.hostNetwork`],
  ],
  [
    "capabilities",
    deployment,
    [add(`${CONTAINER}/securityContext/capabilities/add`, ["SYS_ADMIN"])],
    [`Foreign ${container}.securityContext.capabilities.add`],
  ],
  [
    "another user for the container",
    deployment,
    [add(`${CONTAINER}/securityContext/runAsUser`, 0)],
    [`Foreign ${container}.securityContext.runAsUser`],
  ],
  [
    "nodes that nobody asked for",
    workloadOf().deployment,
    [add("/spec/template/spec/nodeSelector", { disk: "ssd" })],
    [`Foreign ${pod}.nodeSelector`],
  ],
  [
    "a label by which something else selects the pod",
    deployment,
    [add("/spec/template/metadata/labels/app", "x")],
    ["Foreign spec.template.metadata.labels[app]"],
  ],
  [
    "an annotation that loosens the sandbox",
    deployment,
    [
      add(
        "/spec/template/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1executor",
        "unconfined",
      ),
    ],
    [
      "Foreign spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/executor]",
    ],
  ],
  ["a halted roll-out", deployment, [add("/spec/paused", true)], ["Foreign spec.paused"]],
  [
    "files in the ConfigMap",
    configMap,
    [
      add("/data/other.json", "x"),
      add("/data/constructor", "x"),
      add("/binaryData", { b: "eA==" }),
    ],
    ["Foreign data[constructor]", "Foreign data[other.json]", "Foreign binaryData"],
  ],
  [
    "a port and an address of the Service",
    service,
    [
      add("/spec/ports/0", { name: "ssh", port: 22, targetPort: 22, protocol: "TCP" }),
      add("/spec/externalIPs", ["192.0.2.1"]),
      // The server fills it in by itself.
      add("/spec/externalTrafficPolicy", "Cluster"),
    ],
    [
      "Foreign spec.ports[22/TCP]",
      "Foreign spec.externalIPs",
      "Foreign spec.externalTrafficPolicy",
    ],
  ],
  [
    "another owner",
    service,
    [
      add("/metadata/ownerReferences/0", {
        apiVersion: "v1",
        kind: "Pod",
        name: "x",
        uid: "uid-of-x",
      }),
    ],
    ["Foreign metadata.ownerReferences[uid-of-x]"],
  ],
];

/** A member of a union exchanged for another: applying ours on top of it would be refused. */
export const exchanges: ReadonlyArray<Hand> = [
  [
    "another strategy of replacing pods",
    deployment,
    [replace("/spec/strategy", { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } })],
    ["Changed spec.strategy.type", "Foreign spec.strategy.rollingUpdate"],
  ],
  [
    "the journal on the node's disk",
    deployment,
    [replace("/spec/template/spec/volumes/0", { name: "state", hostPath: { path: "/" } })],
    [
      `Missing ${pod}.volumes[state].persistentVolumeClaim`,
      `Foreign ${pod}.volumes[state].hostPath`,
    ],
  ],
  [
    "a variable from a Secret",
    deployment,
    [
      replace(`${CONTAINER}/env/5`, {
        name: "SCALP_HOST",
        valueFrom: { secretKeyRef: { name: "x", key: "y" } },
      }),
    ],
    [
      `Missing ${container}.env[SCALP_HOST].value`,
      `Foreign ${container}.env[SCALP_HOST].valueFrom`,
    ],
  ],
  [
    "a probe that runs a program",
    deployment,
    [
      replace(`${CONTAINER}/livenessProbe`, {
        exec: { command: ["true"] },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      }),
    ],
    [
      `Missing ${container}.livenessProbe.httpGet`,
      `Changed ${container}.livenessProbe.timeoutSeconds`,
      `Changed ${container}.livenessProbe.failureThreshold`,
      `Foreign ${container}.livenessProbe.exec`,
    ],
  ],
  [
    "our volume exchanged for theirs, which our mount uses",
    deployment,
    [
      replace("/spec/template/spec/volumes/0", { name: "theirs", emptyDir: {} }),
      replace(`${CONTAINER}/volumeMounts/0`, { name: "theirs", mountPath: "/var/lib/scalp" }),
    ],
    [
      `Changed ${container}.volumeMounts[/var/lib/scalp].name`,
      `Missing ${pod}.volumes[state]`,
      `Foreign ${pod}.volumes[theirs]`,
    ],
  ],
  [
    "a Service that is only a name",
    service,
    [
      replace("/spec/type", "ExternalName"),
      add("/spec/externalName", "example.com"),
      remove("/spec/clusterIP"),
      remove("/spec/internalTrafficPolicy"),
    ],
    [
      "Changed spec.type",
      "Missing spec.clusterIP",
      "Missing spec.internalTrafficPolicy",
      "Foreign spec.externalName",
    ],
  ],
];

/** What is nobody's business. */
export const harmless: ReadonlyArray<readonly [name: string, Manifest, JsonPatch]> = [
  ["labels of others", configMap, [add("/metadata/labels/team", "a")]],
  [
    "annotations of others",
    service,
    [add("/metadata/annotations", { "argocd.argoproj.io/tracking-id": "x" })],
  ],
  [
    "a restart by kubectl",
    deployment,
    [add("/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt", "now")],
  ],
  [
    "the old name of the service account",
    deployment,
    [add("/spec/template/spec/serviceAccount", "x")],
  ],
  ["a finalizer", volumeClaim, [add("/metadata/finalizers/-", "snapshot.storage.kubernetes.io/x")]],
  ["a field of a newer server", deployment, [add("/spec/template/spec/brandNew", true)]],
];
