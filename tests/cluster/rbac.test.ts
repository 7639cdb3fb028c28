/**
 * What each identity may do, as a list that is compared exactly, and everything else tried for real.
 *
 * The lists are written out here rather than read from the chart's files: a verb that slips into a
 * file has to slip into this one, too.
 */

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import {
  identities,
  installIdentities,
  rbacFiles,
  RELEASE,
  rulesOf,
  type Identity,
  type Installed,
} from "./identities.ts";
import { inParallel } from "./in-parallel.ts";
import { edited } from "./manifests.ts";
import {
  attemptsAcross,
  attemptsIn,
  attemptsOnCluster,
  tryTo,
  type Attempt,
} from "./rbac-attempts.ts";
import { LIVE_STRATEGIES } from "./verdicts.ts";

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await installCrd(plane);
  await plane.kubectl(["create", "namespace", "other"]);
}, 120_000);
afterAll(() => plane.close());

/** Resource, names where they are limited, verbs: as `kubectl auth can-i --list` prints them. */
type Golden = ReadonlyArray<string>;
const ofOperator: Golden = [
  "configmaps [] [create delete get list patch watch]",
  "deployments.apps [] [create delete get list patch watch]",
  "events.events.k8s.io [] [create patch]",
  "livestrategies.scalpradar.io [] [get list patch watch]",
  "livestrategies.scalpradar.io/status [] [patch]",
  "persistentvolumeclaims [] [create delete get list patch watch]",
  "pods [] [get list watch]",
  "services [] [create delete get list patch watch]",
];
const ofOperatorAtHome: Golden = [
  "leases.coordination.k8s.io [] [create]",
  "leases.coordination.k8s.io [scalp-operator] [get update]",
];
const ofAggregator: Golden = ["livestrategies.scalpradar.io [] [get list patch watch]"];
const ofArena: Golden = ["livestrategies.scalpradar.io [] [get list watch]"];
const none: Golden = [];

/** The API server's own, which every ServiceAccount has: about itself, discovery, health. */
const ofEveryone: Golden = [
  "selfsubjectaccessreviews.authorization.k8s.io [] [create]",
  "selfsubjectreviews.authentication.k8s.io [] [create]",
  "selfsubjectrulesreviews.authorization.k8s.io [] [create]",
  ...[
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/",
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/openid/v1/jwks",
    "/openid/v1/jwks/",
    "/readyz",
    "/version",
    "/version/",
  ].map((path) => `[${path}] [] [get]`),
];

const golden = {
  Namespaced: {
    operator: { trading: ofOperator, [RELEASE]: ofOperatorAtHome, other: none },
    aggregator: { trading: ofAggregator, [RELEASE]: none, other: none },
    arena: { trading: ofArena, [RELEASE]: none, other: none },
    executor: { trading: none, [RELEASE]: none, other: none },
  },
  Cluster: {
    operator: {
      trading: ofOperator,
      [RELEASE]: [...ofOperator, ...ofOperatorAtHome],
      other: ofOperator,
    },
    aggregator: { trading: ofAggregator, [RELEASE]: ofAggregator, other: ofAggregator },
    arena: { trading: ofArena, [RELEASE]: ofArena, other: ofArena },
    executor: { trading: none, [RELEASE]: none, other: none },
  },
} as const;

const namespaces = ["trading", RELEASE, "other"] as const;

/** `deployments.apps` and `livestrategies.scalpradar.io/status`, with each verb. */
const permitted = (list: Golden): ReadonlySet<string> =>
  new Set(
    list.flatMap((row) => {
      const [, resource = "", verbs = ""] = /^(\S+) \[\S*\] \[(.+)\]$/.exec(row) ?? [];
      return verbs.split(" ").map((verb) => `${verb} ${resource}`);
    }),
  );
/** kubectl writes a subresource after the group. */
const asListed = ({ verb, resource }: Attempt): string =>
  `${verb} ${resource.replace(/^(\w+)(\/\w+)\.(.+)$/, "$1.$3$2")}`;

const refusal = z.object({ message: z.string() });

/** What went otherwise than the list says. */
const surprises = async (
  installed: Installed,
  identity: Identity,
  attempts: ReadonlyArray<Attempt>,
  list: Golden,
): Promise<ReadonlyArray<string>> => {
  const may = permitted(list);
  const found: string[] = [];
  await inParallel(attempts, async (attempt) => {
    const { status, body } = await tryTo(installed.callAs(identity), attempt);
    const isExpected = may.has(asListed(attempt))
      ? status !== 403 && status < 500
      : status === 403 && refusal.parse(body).message.includes(refusedTo(attempt));
    if (isExpected) return;
    found.push(`${attempt.method} ${attempt.path}: ${status} ${JSON.stringify(body)}`);
  });
  return found;
};
/** That it is authorization that refuses, and this. */
const refusedTo = ({ verb, resource }: Attempt): string => {
  const [, name = "", group = ""] = /^([^.]+)(?:\.(.+))?$/.exec(resource) ?? [];
  return `cannot ${verb} resource "${name}" in API group "${group}"`;
};

describe.each(["Namespaced", "Cluster"] as const)("installed %s", (scope) => {
  let installed: Installed;
  beforeAll(async () => {
    await plane.kubectl(["delete", "role,rolebinding", "--all", "--namespace=trading"]);
    installed = await installIdentities(plane, scope, ["trading"]);
  }, 60_000);
  afterAll(() => installed.close());

  const places = identities.flatMap((identity) =>
    namespaces.map((namespace) => [identity, namespace] as const),
  );

  test.each(places)(
    "the %s may do in %s what is listed, and no more",
    async (identity, namespace) => {
      const args = ["auth", "can-i", "--list", `--namespace=${namespace}`];
      const { stdout, stderr } = await plane.kubectl(args, { token: installed.token(identity) });
      expect(stderr).toBe("");
      const rows = stdout
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/ {2,}/));
      const listed = rows.map(([first, second, ...rest]) =>
        first?.startsWith("[") ? [first, second, ...rest].join(" ") : [first, ...rest].join(" "),
      );
      const expected = [...ofEveryone, ...golden[scope][identity][namespace]];
      expect([...new Set(listed)].toSorted()).toEqual(expected.toSorted());
    },
  );

  test.each(identities)(
    "whatever else the %s tries answers 403",
    async (identity) => {
      const may = golden[scope][identity];
      const across = scope === "Cluster" ? may.other : none;
      const tried: ReadonlyArray<readonly [ReadonlyArray<Attempt>, Golden]> = [
        ...namespaces.map((namespace) => [attemptsIn(namespace), may[namespace]] as const),
        [attemptsAcross(), across],
        [attemptsOnCluster(), none],
      ];
      expect(tried.flatMap(([attempts]) => attempts).length).toBeGreaterThan(1_000);
      const found = await Promise.all(
        tried.map(([attempts, list]) => surprises(installed, identity, attempts, list)),
      );
      expect(found.flat()).toEqual([]);
    },
    60_000,
  );

  test.each(identities)("the %s speaks for nobody else", async (identity) => {
    const args = ["get", "livestrategies", "--namespace=trading", "--as=admin"];
    const { code, stderr } = await plane.kubectl(args, { token: installed.token(identity) });
    expect(code).toBe(1);
    expect(stderr).toContain("Error from server (Forbidden)");
  });

  test.each(["/metrics", "/logs", "/debug/pprof", "/configz"])("%s is not for us", async (path) => {
    for (const identity of identities) {
      expect((await installed.callAs(identity)("GET", path)).status).toBe(403);
    }
  });

  test("of the Leases of its namespace the operator takes its own alone", async () => {
    const call = installed.callAs("operator");
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${RELEASE}/leases`;
    const lease = (name: string) => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name },
      spec: { holderIdentity: "us" },
    });
    const taken = await call("POST", leases, lease("scalp-operator"));
    const answers = [
      taken,
      await call("GET", `${leases}/scalp-operator`),
      await call("PUT", `${leases}/scalp-operator`, Object(taken.body)),
      await call("GET", `${leases}/account-4711`),
      await call("PUT", `${leases}/account-4711`, lease("account-4711")),
      await call("DELETE", `${leases}/scalp-operator`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 403, 403, 403]);
    await plane.call("DELETE", `${leases}/scalp-operator`);
  });

  test("every call that the operator makes is allowed", async () => {
    const call = installed.callAs("operator");
    const made: Array<readonly [string, number]> = [];
    const note = async (method: string, path: string, body?: object, type?: string) => {
      const answer = await call(method, path, body, type);
      made.push([`${method} ${path}`, answer.status]);
      return answer.body;
    };
    await plane.call("POST", LIVE_STRATEGIES, edited([]));
    await operatorsCalls(note);
    await plane.call("DELETE", `${LIVE_STRATEGIES}/grid-atr`);
    await plane.call("DELETE", `${EVENTS}/grid-atr.1`);
    expect(made.filter(([, status]) => status >= 300)).toEqual([]);
    expect(made.length).toBe(18);
  });
});

type Note = (method: string, path: string, body?: object, type?: string) => Promise<unknown>;
const identified = z.object({ metadata: z.object({ uid: z.string() }) });
const MERGE = "application/merge-patch+json";
const EVENTS = "/apis/events.k8s.io/v1/namespaces/trading/events";
const core = (plural: string) => `/api/v1/namespaces/trading/${plural}`;

const operatorsCalls = async (note: Note): Promise<void> => {
  const strategy = `${LIVE_STRATEGIES}/grid-atr`;
  await note("GET", LIVE_STRATEGIES);
  await note("GET", `${LIVE_STRATEGIES}?watch=true&timeoutSeconds=1`);
  await note("PATCH", strategy, { metadata: { finalizers: ["scalpradar.io/executor"] } }, MERGE);
  await note("PATCH", `${strategy}/status`, { status: { observedGeneration: 1 } }, MERGE);
  await note("PATCH", strategy, { metadata: { finalizers: null } }, MERGE);
  await note("GET", core("pods"));
  await childCalls(note, core("configmaps"), { apiVersion: "v1", kind: "ConfigMap" });
  await childCalls(note, core("services"), {
    apiVersion: "v1",
    kind: "Service",
    spec: { clusterIP: "None", ports: [{ port: 8080 }] },
  });
  await note("POST", EVENTS, event);
  await note("PATCH", `${EVENTS}/grid-atr.1`, { series }, MERGE);
};

const event = {
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { name: "grid-atr.1" },
  eventTime: "2026-11-21T10:00:00.000000Z",
  reportingController: "scalp-operator",
  reportingInstance: "one",
  action: "Start",
  reason: "ExecutorStarted",
  type: "Normal",
  note: "It starts.",
  regarding: {
    apiVersion: "scalpradar.io/v1alpha1",
    kind: "LiveStrategy",
    name: "grid-atr",
    namespace: "trading",
  },
};
const series = { count: 2, lastObservedTime: "2026-11-21T10:01:00.000000Z" };

/** A child is created, applied, repaired, looked at and deleted by its uid. */
const childCalls = async (note: Note, collection: string, kind: object): Promise<void> => {
  const child = { ...kind, metadata: { name: "grid-atr", labels: { a: "1" } } };
  const path = `${collection}/grid-atr`;
  const manager = "fieldManager=scalp-operator";
  await note("POST", `${collection}?${manager}`, child);
  await note("PATCH", `${path}?${manager}&force=true`, child, "application/apply-patch+yaml");
  const repair = [{ op: "replace", path: "/metadata/labels/a", value: "2" }];
  await note("PATCH", `${path}?${manager}`, repair, "application/json-patch+json");
  const { metadata } = identified.parse(await note("GET", path));
  await note("DELETE", path, { preconditions: { uid: metadata.uid } });
};

const verbs = new Set(["create", "delete", "get", "list", "patch", "update", "watch"]);

test.each(rbacFiles)("the rules of %s are spelled out", (name) => {
  for (const rule of rulesOf(name)) {
    expect(rule.verbs).toEqual(rule.verbs.toSorted());
    expect(rule.resources).toEqual(rule.resources.toSorted());
    expect(rule.verbs.filter((verb) => !verbs.has(verb))).toEqual([]);
    const words = [...rule.apiGroups, ...rule.resources, ...(rule.resourceNames ?? [])];
    expect(words.filter((word) => /\*|secret|exec|attach|token|role/.test(word))).toEqual([]);
  }
});
