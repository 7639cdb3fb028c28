import { expect, test } from "@jest/globals";
import type { KubeObject } from "#kubernetes/object.ts";
import { workloadOf } from "./workload.ts";

const ADDRESS = "http://executor-grid-atr.trading.svc:8080";

const objectOf = (kind: string, change: Partial<KubeObject["metadata"]> = {}): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: {
    name: kind,
    namespace: "trading",
    uid: `uid-${kind}`,
    resourceVersion: "1",
    ...change,
  },
});

const deployment = objectOf("Deployment");
const ending = { deletionTimestamp: "2026-01-02T00:00:00Z" };

const podOf = (status: object, metadata: Partial<KubeObject["metadata"]> = {}): KubeObject => ({
  ...objectOf("Pod", { creationTimestamp: "2026-01-01T00:00:00Z", ...metadata }),
  status,
});

const runningAt = (podIP: string) => ({
  phase: "Running",
  podIP,
  containerStatuses: [{ restartCount: 0, state: { running: { startedAt: "now" } } }],
});
const running = podOf(runningAt("10.0.0.1"));
const containerIs = (container: object) => podOf({ containerStatuses: [container] });
const waiting = (reason: string, message?: string) =>
  containerIs({ restartCount: 0, state: { waiting: { reason, message } } });

const see = (pods: ReadonlyArray<KubeObject>, of: KubeObject | undefined = deployment) =>
  workloadOf({ deployment: of, pods, address: ADDRESS, port: 8080, drift: [] });

const seeNone = (pods: ReadonlyArray<KubeObject>) =>
  workloadOf({ deployment: undefined, pods, address: ADDRESS, port: 8080, drift: [] });

test("without a Deployment and without pods there is none", () => {
  expect(seeNone([])).toBeUndefined();
});

test.each([
  ["pods are left of a Deployment that is gone", seeNone([running])],
  ["only one that ends is left", seeNone([podOf(runningAt("10.0.0.1"), ending)])],
  ["the Deployment ends", see([running], objectOf("Deployment", ending))],
  ["the Deployment ends and has no pod", see([], objectOf("Deployment", ending))],
])("as long as anything is left it has not stopped: %s", (_what, workload) => {
  expect(workload).toMatchObject({ phase: "Stopping", url: undefined, drift: [] });
});

test.each(["Succeeded", "Failed"])("a pod that is over, %s, runs nothing any more", (phase) => {
  const over = podOf({ phase, containerStatuses: [] });
  expect(seeNone([over])).toBeUndefined();
  expect(see([over])).toMatchObject({ phase: "Starting", problem: undefined });
});

const unplaced = (message: string) => ({ type: "PodScheduled", status: "False", message });

type Row = readonly [what: string, pod: KubeObject, phase: string, problem: string | undefined];
const rows: ReadonlyArray<Row> = [
  ["nobody has said anything of it", podOf({}), "Starting", undefined],
  ["a status that is no status", podOf({ containerStatuses: 7 }), "Starting", undefined],
  ["it has no place", podOf({ conditions: [unplaced("no node")] }), "Starting", "no node"],
  [
    "it has a place",
    podOf({ conditions: [{ type: "PodScheduled", status: "True" }] }),
    "Starting",
    undefined,
  ],
  ["its container is made", waiting("ContainerCreating"), "Starting", undefined],
  ["its image is not there", waiting("ImagePullBackOff", "Back-off"), "Starting", "Back-off"],
  ["only a reason is given", waiting("ErrImageNeverPull"), "Starting", "ErrImageNeverPull"],
  [
    "the kubelet refuses the pod",
    podOf({ reason: "Evicted", message: "disk" }),
    "Starting",
    "disk",
  ],
  ["only the reason of that is given", podOf({ reason: "Evicted" }), "Starting", "Evicted"],
  [
    "it waits after a crash",
    containerIs({
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } },
      lastState: { terminated: { exitCode: 4, message: "the journal is locked\n" } },
    }),
    "Restarting",
    "the journal is locked",
  ],
  [
    "it waits after a crash without a word",
    containerIs({
      restartCount: 1,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
      lastState: { terminated: { exitCode: 137, message: "" } },
    }),
    "Restarting",
    "back-off 10s",
  ],
  [
    "it has just ended",
    containerIs({ restartCount: 1, state: { terminated: { exitCode: 1, message: "no disk" } } }),
    "Restarting",
    "no disk",
  ],
  [
    "it runs and has no address yet",
    containerIs({ restartCount: 0, state: { running: {} } }),
    "Starting",
    undefined,
  ],
];

test.each(rows)("one that is not there yet: %s", (_what, pod, phase, problem) => {
  expect(see([pod])).toMatchObject({ phase, url: undefined, address: ADDRESS, problem });
});

test.each([
  ["10.0.0.1", "http://10.0.0.1:8080"],
  ["fd00::1", "http://[fd00::1]:8080"],
])("one that runs is reached at its own address: %s", (ip, url) => {
  expect(see([podOf(runningAt(ip))])).toMatchObject({ phase: "Running", url, problem: undefined });
});

test("of several pods the newest that does not end is asked", () => {
  const old = podOf(runningAt("10.0.0.1"), { uid: "a" });
  const next = podOf(runningAt("10.0.0.2"), {
    uid: "b",
    creationTimestamp: "2026-01-01T00:00:05Z",
  });
  const last = podOf(runningAt("10.0.0.3"), {
    uid: "c",
    creationTimestamp: "2026-01-01T00:00:09Z",
    ...ending,
  });
  for (const pods of [
    [old, next, last],
    [last, next, old],
  ]) {
    expect(see(pods)?.url).toBe("http://10.0.0.2:8080");
  }
  expect(see([last])).toMatchObject({ phase: "Starting", url: undefined });
});

test("of two of one second the order of the list decides nothing", () => {
  const [a, b] = ["a", "b"].map((uid, index) => podOf(runningAt(`10.0.0.${index}`), { uid }));
  if (a === undefined || b === undefined) throw new Error("there are two");
  expect(see([a, b])).toEqual(see([b, a]));
});

test("a long last word is cut at its beginning: the end says why", () => {
  const message = `${"x".repeat(2_000)} the end`;
  const pod = containerIs({ restartCount: 1, state: { terminated: { exitCode: 1, message } } });
  const { problem = "" } = see([pod]) ?? {};
  expect(problem).toHaveLength(500);
  expect(problem.endsWith("the end")).toBe(true);
});

test("it says with whose keys the pod was made, and what differs from what is asked for", () => {
  const annotations = { "scalpradar.io/credentials-secret": "sub-1" };
  const pods = [podOf(runningAt("10.0.0.1"), { annotations })];
  const workload = workloadOf({
    deployment,
    pods,
    address: ADDRESS,
    port: 8080,
    drift: ["Deployment spec.replicas"],
  });
  expect(workload).toMatchObject({
    credentialsSecret: "sub-1",
    drift: ["Deployment spec.replicas"],
  });
  expect(see([running])?.credentialsSecret).toBeUndefined();
});
