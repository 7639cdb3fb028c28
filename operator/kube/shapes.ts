/**
 * Every field of the objects that we make, and whose it is.
 *
 * A field is ours (`fields`), somebody else's and unwanted (`foreign`), or set by the server and by
 * controllers (`left`). One that is in no list belongs to a newer server: it is left alone, since a
 * newer server may fill it in by itself, and a removal would be repeated for ever. A test holds the
 * lists against the API server's own schema, with the way in which appliers share each list.
 *
 * Left on purpose: the annotations of objects and pods (`kubectl rollout restart` writes there), and
 * labels of the objects themselves. Labels of the pod are not: they decide what selects it.
 */

export type Shape =
  /** Compared as one value. */
  | { readonly kind: "Whole" }
  | ObjectShape
  /** Names to values; more of them are unwanted where `isForeign` says so. */
  | { readonly kind: "Map"; readonly isForeign: (name: string) => boolean }
  /** Entries told apart by the values of `keys`; one that is not ours is unwanted. */
  | { readonly kind: "List"; readonly keys: ReadonlyArray<string>; readonly item: Shape };

export type ObjectShape = {
  readonly kind: "Object";
  readonly fields: Readonly<Record<string, Shape>>;
  readonly foreign: ReadonlyArray<string>;
  readonly left: ReadonlyArray<string>;
  /** Whether every other field is unwanted: of these, none is ever filled in beside ours. */
  readonly isClosed: boolean;
};

const whole: Shape = { kind: "Whole" };
const openMap: Shape = { kind: "Map", isForeign: () => false };
const closedMap: Shape = { kind: "Map", isForeign: () => true };

const ours = (...names: ReadonlyArray<string>): Readonly<Record<string, Shape>> =>
  Object.fromEntries(names.map((name) => [name, whole]));

const object = (
  fields: Readonly<Record<string, Shape>>,
  foreign: ReadonlyArray<string> = [],
  left: ReadonlyArray<string> = [],
): ObjectShape => ({ kind: "Object", fields, foreign, left, isClosed: false });

const closed = (fields: Readonly<Record<string, Shape>>): ObjectShape => ({
  ...object(fields),
  isClosed: true,
});

const listBy = (keys: ReadonlyArray<string>, item: Shape): Shape => ({ kind: "List", keys, item });

const ownerReference = object(
  ours("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"),
);

const setByServer = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

const metadata = object(
  {
    ...ours("name", "namespace"),
    labels: openMap,
    annotations: openMap,
    ownerReferences: listBy(["uid"], ownerReference),
  },
  [],
  setByServer,
);

/** Annotations by which older kubelets loosen a container's sandbox. */
const loosensSandbox = (name: string): boolean =>
  /^(?:container\.)?(?:apparmor|seccomp)\.security\./.test(name);

const podMetadata = object(
  { labels: closedMap, annotations: { kind: "Map", isForeign: loosensSandbox } },
  [],
  ["name", "namespace", "ownerReferences", ...setByServer],
);

const httpProbe = closed({
  httpGet: closed(ours("path", "port", "scheme")),
  ...ours("periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"),
});

const container = object(
  {
    ...ours("name", "image", "imagePullPolicy", "args"),
    env: listBy(["name"], closed(ours("name", "value"))),
    ports: listBy(
      ["containerPort", "protocol"],
      object(ours("name", "containerPort", "protocol"), ["hostIP", "hostPort"]),
    ),
    resources: object({ requests: closedMap, limits: closedMap }, ["claims"]),
    volumeMounts: listBy(
      ["mountPath"],
      object(ours("name", "mountPath", "readOnly"), [
        "mountPropagation",
        "recursiveReadOnly",
        "subPath",
        "subPathExpr",
      ]),
    ),
    startupProbe: httpProbe,
    livenessProbe: httpProbe,
    readinessProbe: httpProbe,
    securityContext: object(
      {
        ...ours("allowPrivilegeEscalation", "privileged", "readOnlyRootFilesystem"),
        capabilities: object(ours("drop"), ["add"]),
      },
      [
        "appArmorProfile",
        "procMount",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "windowsOptions",
      ],
    ),
    ...ours("terminationMessagePath", "terminationMessagePolicy"),
  },
  [
    "command",
    "envFrom",
    "lifecycle",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "stdin",
    "stdinOnce",
    "tty",
    "volumeDevices",
    "workingDir",
  ],
);

const volume = closed({
  name: whole,
  persistentVolumeClaim: closed(ours("claimName")),
  configMap: closed(ours("name", "defaultMode", "items")),
  projected: closed(ours("sources", "defaultMode")),
  emptyDir: closed(ours("sizeLimit")),
});

const pod = object(
  {
    ...ours("serviceAccountName", "automountServiceAccountToken", "enableServiceLinks"),
    ...ours("restartPolicy", "dnsPolicy", "schedulerName", "terminationGracePeriodSeconds"),
    ...ours("tolerations", "nodeSelector"),
    securityContext: object(
      {
        ...ours("runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy"),
        seccompProfile: closed(ours("type")),
      },
      [
        "appArmorProfile",
        "seLinuxChangePolicy",
        "seLinuxOptions",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "sysctls",
        "windowsOptions",
      ],
    ),
    imagePullSecrets: listBy(["name"], object(ours("name"))),
    containers: listBy(["name"], container),
    volumes: listBy(["name"], volume),
  },
  [
    "activeDeadlineSeconds",
    "affinity",
    "dnsConfig",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "initContainers",
    "nodeName",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "runtimeClassName",
    "schedulingGates",
    "schedulingGroup",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "topologySpreadConstraints",
  ],
  // The old name of serviceAccountName, which the server keeps equal to it.
  ["serviceAccount"],
);

const typeMeta = ours("apiVersion", "kind");

export const childKinds = ["ConfigMap", "PersistentVolumeClaim", "Service", "Deployment"] as const;

export const shapes: Readonly<Record<(typeof childKinds)[number], ObjectShape>> = {
  ConfigMap: object({ ...typeMeta, metadata, data: closedMap }, ["binaryData", "immutable"]),
  PersistentVolumeClaim: object(
    {
      ...typeMeta,
      metadata,
      spec: object(
        {
          ...ours("accessModes", "storageClassName"),
          resources: object({ requests: openMap }, [], ["limits"]),
        },
        [],
        // Those that can be changed at all are changed by whoever runs the storage.
        [
          "dataSource",
          "dataSourceRef",
          "selector",
          "volumeAttributesClassName",
          "volumeMode",
          "volumeName",
        ],
      ),
    },
    [],
    ["status"],
  ),
  Service: object(
    {
      ...typeMeta,
      metadata,
      spec: object(
        {
          ...ours("type", "clusterIP", "publishNotReadyAddresses"),
          ...ours("sessionAffinity", "internalTrafficPolicy", "selector"),
          ports: listBy(
            ["port", "protocol"],
            object(ours("name", "port", "protocol", "targetPort"), ["appProtocol", "nodePort"]),
          ),
        },
        [
          "allocateLoadBalancerNodePorts",
          "externalIPs",
          "externalName",
          "externalTrafficPolicy",
          "healthCheckNodePort",
          "loadBalancerClass",
          "loadBalancerIP",
          "loadBalancerSourceRanges",
          "sessionAffinityConfig",
          "trafficDistribution",
        ],
        ["clusterIPs", "ipFamilies", "ipFamilyPolicy"],
      ),
    },
    [],
    ["status"],
  ),
  Deployment: object(
    {
      ...typeMeta,
      metadata,
      spec: object(
        {
          ...ours("replicas", "revisionHistoryLimit", "progressDeadlineSeconds", "selector"),
          strategy: closed(ours("type")),
          template: object({ metadata: podMetadata, spec: pod }),
        },
        ["minReadySeconds", "paused"],
      ),
    },
    [],
    ["status"],
  ),
};
