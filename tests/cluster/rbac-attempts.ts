/**
 * Everything that an identity might try on a real API server: each verb on each resource that matters,
 * with the request that the verb stands for.
 */

import type { ApiAnswer, ApiCall } from "./api-call.ts";

export type Attempt = {
  readonly verb: string;
  /** `deployments/scale.apps`, as RBAC names it; without a group for the core. */
  readonly resource: string;
  readonly method: string;
  readonly path: string;
};

/** What is asked for exists nowhere but as a Lease: authorization comes before looking. */
const NAME = "scalp-operator";

type Target = {
  /** `/api/v1` or `/apis/group/version`. */
  readonly root: string;
  readonly plural: string;
  readonly subresource?: string;
  readonly verbs: ReadonlyArray<string>;
};

const everyVerb = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];
const CORE = "/api/v1";

const all = (root: string, names: string): ReadonlyArray<Target> =>
  names.split(" ").map((plural) => ({ root, plural, verbs: everyVerb }));
const below = (root: string, path: string, verbs: string): Target => {
  const [plural = "", subresource = ""] = path.split("/");
  return { root, plural, subresource, verbs: verbs.split(" ") };
};

const inNamespaces: ReadonlyArray<Target> = [
  ...all(
    CORE,
    "configmaps endpoints events limitranges persistentvolumeclaims pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services",
  ),
  below(CORE, "pods/attach", "create get"),
  below(CORE, "pods/binding", "create"),
  below(CORE, "pods/ephemeralcontainers", "get patch update"),
  below(CORE, "pods/eviction", "create"),
  below(CORE, "pods/exec", "create get"),
  below(CORE, "pods/log", "get"),
  below(CORE, "pods/portforward", "create get"),
  below(CORE, "pods/proxy", "create delete get patch update"),
  below(CORE, "pods/status", "get patch update"),
  below(CORE, "persistentvolumeclaims/status", "get patch update"),
  below(CORE, "serviceaccounts/token", "create"),
  below(CORE, "services/proxy", "create delete get patch update"),
  below(CORE, "services/status", "get patch update"),
  ...all("/apis/apps/v1", "controllerrevisions daemonsets deployments replicasets statefulsets"),
  below("/apis/apps/v1", "deployments/scale", "get patch update"),
  below("/apis/apps/v1", "deployments/status", "get patch update"),
  ...all("/apis/autoscaling/v2", "horizontalpodautoscalers"),
  ...all("/apis/batch/v1", "cronjobs jobs"),
  ...all("/apis/coordination.k8s.io/v1", "leases"),
  ...all("/apis/discovery.k8s.io/v1", "endpointslices"),
  ...all("/apis/events.k8s.io/v1", "events"),
  ...all("/apis/networking.k8s.io/v1", "ingresses networkpolicies"),
  ...all("/apis/policy/v1", "poddisruptionbudgets"),
  ...all("/apis/rbac.authorization.k8s.io/v1", "rolebindings roles"),
  ...all("/apis/scalpradar.io/v1alpha1", "livestrategies"),
  below("/apis/scalpradar.io/v1alpha1", "livestrategies/status", "get patch update"),
  { root: "/apis/authorization.k8s.io/v1", plural: "localsubjectaccessreviews", verbs: ["create"] },
];

const ofCluster: ReadonlyArray<Target> = [
  ...all(CORE, "namespaces nodes persistentvolumes"),
  below(CORE, "namespaces/finalize", "update"),
  below(CORE, "nodes/proxy", "create get"),
  below(CORE, "nodes/status", "get patch update"),
  ...all(
    "/apis/admissionregistration.k8s.io/v1",
    "mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations",
  ),
  ...all("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
  ...all("/apis/apiregistration.k8s.io/v1", "apiservices"),
  ...all("/apis/certificates.k8s.io/v1", "certificatesigningrequests"),
  below("/apis/certificates.k8s.io/v1", "certificatesigningrequests/approval", "patch update"),
  ...all("/apis/flowcontrol.apiserver.k8s.io/v1", "flowschemas"),
  ...all("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings clusterroles"),
  ...all("/apis/scheduling.k8s.io/v1", "priorityclasses"),
  ...all("/apis/storage.k8s.io/v1", "storageclasses volumeattachments"),
  { root: "/apis/authentication.k8s.io/v1", plural: "tokenreviews", verbs: ["create"] },
  { root: "/apis/authorization.k8s.io/v1", plural: "subjectaccessreviews", verbs: ["create"] },
];

const methods: Readonly<Record<string, string>> = {
  create: "POST",
  delete: "DELETE",
  deletecollection: "DELETE",
  get: "GET",
  list: "GET",
  patch: "PATCH",
  update: "PUT",
  watch: "GET",
};

const attempt = (target: Target, verb: string, within: string): Attempt => {
  const { root, plural, subresource } = target;
  const isOfOne = subresource !== undefined || ["delete", "get", "patch", "update"].includes(verb);
  const steps = [`${root}${within}`, plural, ...(isOfOne ? [NAME] : []), subresource ?? []].flat();
  const query = verb === "watch" ? "watch=true&timeoutSeconds=1" : "dryRun=All";
  const [, , group] = root === CORE ? [] : root.split("/");
  const name = subresource === undefined ? plural : `${plural}/${subresource}`;
  return {
    verb,
    resource: group === undefined ? name : `${name}.${group}`,
    method: methods[verb] ?? "",
    path: `${steps.join("/")}?${query}`,
  };
};

export const attemptsIn = (namespace: string): ReadonlyArray<Attempt> =>
  inNamespaces.flatMap((target) =>
    target.verbs.map((verb) => attempt(target, verb, `/namespaces/${namespace}`)),
  );

export const attemptsOnCluster = (): ReadonlyArray<Attempt> =>
  ofCluster.flatMap((target) => target.verbs.map((verb) => attempt(target, verb, "")));

/** Reading what is in all namespaces at once. */
export const attemptsAcross = (): ReadonlyArray<Attempt> =>
  inNamespaces
    .filter(({ verbs, subresource }) => verbs.includes("list") && subresource === undefined)
    .flatMap((target) => ["list", "watch"].map((verb) => attempt(target, verb, "")));

const bodies: Readonly<Record<string, readonly [body: object, contentType: string]>> = {
  PATCH: [{}, "application/merge-patch+json"],
  POST: [{}, "application/json"],
  PUT: [{}, "application/json"],
};

export const tryTo = (call: ApiCall, { method, path }: Attempt): Promise<ApiAnswer> =>
  call(method, path, ...(bodies[method] ?? []));
