/**
 * The operator as a process of a cluster: environment in, exit code out.
 *
 * Copies are kept from the start, in every replica; one of them leads and reconciles. Whoever loses
 * the lead ends with exit code 1 and comes back as a follower: what it had under way is guarded by
 * uids and versions, because a lease is no fence. Exit codes: 0 ended in order, 1 failed.
 */

import { hostname } from "node:os";
import type { Registry } from "prom-client";
import { z } from "zod";
import { err, type Result } from "#base/result.ts";
import type { FleetConfig } from "#crds/fleet.ts";
import { resolveExecutorSpec, type ExchangeUrls } from "#crds/resolve.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import { createEventRecorder, type EventRecorder } from "#kubernetes/event-recorder.ts";
import { createHttpApi } from "#kubernetes/http/client.ts";
import { createConnection, type Server } from "#kubernetes/http/connection.ts";
import { loadInCluster } from "#kubernetes/http/in-cluster.ts";
import { kubeconfigPaths } from "#kubernetes/http/kubeconfig-files.ts";
import { loadKubeconfig } from "#kubernetes/http/kubeconfig.ts";
import { createLeaderElector, createLeaderMetrics } from "#kubernetes/leader-election.ts";
import { createRequestMetrics } from "#kubernetes/metrics.ts";
import { systemClock } from "#runtime/clock.ts";
import { parseVariables, type Env } from "#runtime/env.ts";
import { listen } from "#runtime/http.ts";
import { createLogger, type Logger } from "#runtime/log.ts";
import { createRegistry } from "#runtime/metrics.ts";
import { tellParent } from "#runtime/parent.ts";
import { systemRandom } from "#runtime/random.ts";
import type { Secret } from "#runtime/secret.ts";
import { readToken } from "#runtime/token-file.ts";
import type { Shutdown } from "#runtime/shutdown.ts";
import type { WantedSpec } from "./cluster.ts";
import { createExecutors } from "./executors.ts";
import { createOperatorApi, createPulse } from "./http.ts";
import { FIELD_MANAGER } from "./kube/children-keeper.ts";
import { createKubeOperator, type KubeOperator } from "./kube/start.ts";
import { executorResources, type WorkloadSettings } from "./kube/workload-settings.ts";

const flag = z.enum(["true", "false"]).transform((text) => text === "true");

const variables = z.object({
  /** A kubeconfig, or several joined as the platform joins paths; without it, the pod's own account. */
  KUBECONFIG: z.string().optional(),
  LIVE_TRADING: z.string().optional(),
  /** The namespace of the Lease; the pod's own. */
  SCALP_NAMESPACE: z.string().min(1).optional(),
  /** The namespace whose strategies are run; `*` for all. The operator's own by default. */
  SCALP_WATCH_NAMESPACE: z.string().min(1).optional(),
  SCALP_IDENTITY: z.string().min(1).optional(),
  SCALP_LEADER_ELECTION: flag.default(true),
  SCALP_WORKERS: z.coerce.number().int().min(1).max(100).default(16),
  SCALP_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  SCALP_HOST: z.string().default("127.0.0.1"),
  SCALP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** Shown to executors. */
  SCALP_TOKEN_FILE: z.string().min(1),
  SCALP_EXECUTOR_IMAGE: z.string().min(1),
  SCALP_EXECUTOR_IMAGE_PULL_POLICY: z
    .enum(["Always", "IfNotPresent", "Never"])
    .default("IfNotPresent"),
  SCALP_EXECUTOR_IMAGE_PULL_SECRETS: z.string().default(""),
  SCALP_EXECUTOR_SERVICE_ACCOUNT: z.string().min(1).default("scalp-executor"),
  SCALP_EXECUTOR_TOKEN_SECRET: z.string().min(1).default("scalp-executor-token"),
  SCALP_EXECUTOR_RESOURCES: executorResources,
  SCALP_DEFAULT_CREDENTIALS_SECRET: z.string().min(1).default("scalp-default-credentials"),
  /** Where the emulator of this cluster is, for environment Emulator. */
  SCALP_EMULATOR_URL: z.url().optional(),
});

type Variables = z.infer<typeof variables>;

export type OperatorFiles = {
  /** Assets, risk and exchanges; an error is every problem, a line each. */
  readonly fleet: Result<FleetConfig, ReadonlyArray<string>>;
};

const FAILED = 1;

export const runOperatorProcess = async (
  env: Env,
  { fleet }: OperatorFiles,
  shutdown: Shutdown,
): Promise<number> => {
  const parsed = parseVariables(variables, env);
  if (!parsed.ok) return fail(parsed.error);
  if (!fleet.ok) return fail(fleet.error.join("\n"));
  const given = parsed.value;
  const log = createLogger({
    process: "operator",
    level: given.SCALP_LOG_LEVEL,
    clock: systemClock,
  });
  const token = readToken("SCALP_TOKEN_FILE", given.SCALP_TOKEN_FILE);
  if (!token.ok) return fail(token.error);
  const server = await serverOf(given, env);
  if (!server.ok) return fail(server.error);
  const registry = createRegistry();
  const metrics = createRequestMetrics(registry, new URL(server.value.url).host);
  const connection = createConnection({ metrics }, server.value);
  if (!connection.ok) return fail(connection.error);
  const api = createHttpApi({ ...machine, metrics }, connection.value, { component: "operator" });
  const namespace = given.SCALP_NAMESPACE ?? server.value.namespace ?? "default";
  const works = { given, fleet: fleet.value, token: token.value, log, registry, api, namespace };
  const code = await run(works, shutdown);
  await connection.value.close();
  log.info({ code, reason: shutdown.reason() }, "stopped");
  return code;
};

const machine = { clock: systemClock, timers: systemClock, random: systemRandom };

type Works = {
  readonly given: Variables;
  readonly fleet: FleetConfig;
  readonly token: Secret;
  readonly log: Logger;
  readonly registry: Registry;
  readonly api: KubeApi;
  /** Our own. */
  readonly namespace: string;
};

const serverOf = ({ KUBECONFIG }: Variables, env: Env): Promise<Result<Server, string>> =>
  KUBECONFIG === undefined
    ? loadInCluster(machine, env)
    : loadKubeconfig(machine, { paths: kubeconfigPaths(env) });

const run = async (works: Works, shutdown: Shutdown): Promise<number> => {
  const { given, log, registry, api, namespace } = works;
  const identity = given.SCALP_IDENTITY ?? `${hostname()}_${process.pid}`;
  const recorder = createEventRecorder(
    { ...machine, api, log },
    { controller: CONTROLLER, instance: identity, capacity: EVENTS_MAX },
  );
  const operator = createWorks(works, recorder);
  const elector = createLeaderElector(
    { ...machine, api, log, metrics: createLeaderMetrics(registry, LEASE) },
    { lease: { namespace, name: LEASE }, identity, fieldManager: FIELD_MANAGER },
  );
  const pulse = createPulse(systemClock, systemClock);
  const leaderProblem = given.SCALP_LEADER_ELECTION ? elector.problem : () => undefined;
  const app = createOperatorApi({
    log,
    registry,
    followers: operator.followers,
    leaderProblem,
    pulse,
  });
  const http = await listen(app, { host: given.SCALP_HOST, port: given.SCALP_PORT });
  if (!http.ok) return fail(http.error);
  tellParent({ url: http.value.url });
  const following = new AbortController();
  const background = [operator.follow, pulse.run, recorder.run].map((one) => one(following.signal));
  const end = given.SCALP_LEADER_ELECTION
    ? await elector.run(operator.lead, shutdown.signal)
    : await operator.lead(shutdown.signal).then(() => "Released" as const);
  following.abort();
  await Promise.all(background);
  await http.value.close();
  return end === "Lost" ? FAILED : 0;
};

const CONTROLLER = "scalpradar.io/operator";
const LEASE = "scalp-operator";
/** Each strategy says a few things when it is made, and thousands may be made at once. */
const EVENTS_MAX = 50_000;

const createWorks = (works: Works, recorder: EventRecorder): KubeOperator => {
  const { given, fleet, token, log, registry, api, namespace } = works;
  const emulator = emulatorUrls(given.SCALP_EMULATOR_URL);
  const watched = given.SCALP_WATCH_NAMESPACE ?? namespace;
  return createKubeOperator(
    {
      ...machine,
      api,
      log,
      registry,
      executors: createExecutors({ token }),
      resolve: (strategy) => resolved(resolveExecutorSpec(strategy, fleet, { emulator })),
      recordEvent: (strategy, event) =>
        recorder.record(strategy, { ...event, action: "Reconcile" }),
    },
    {
      namespace: watched === "*" ? undefined : watched,
      liveTrading: given.LIVE_TRADING === "true",
      workload: workloadSettings(given),
      workers: given.SCALP_WORKERS,
    },
  );
};

const resolved = (outcome: ReturnType<typeof resolveExecutorSpec>): WantedSpec =>
  outcome.ok ? outcome : err(outcome.error.map(({ words }) => words).join("; "));

/** The emulator answers all three on one port. */
const emulatorUrls = (url: string | undefined): ExchangeUrls | undefined => {
  if (url === undefined) return undefined;
  const restUrl = url.replace(/\/$/, "");
  const streams = restUrl.replace(/^http/, "ws");
  return {
    restUrl,
    publicStreamUrl: `${streams}/v2/ws/public`,
    privateStreamUrl: `${streams}/v2/ws/private`,
  };
};

const workloadSettings = (given: Variables): WorkloadSettings => ({
  image: given.SCALP_EXECUTOR_IMAGE,
  imagePullPolicy: given.SCALP_EXECUTOR_IMAGE_PULL_POLICY,
  imagePullSecrets: given.SCALP_EXECUTOR_IMAGE_PULL_SECRETS.split(",").filter(Boolean),
  serviceAccountName: given.SCALP_EXECUTOR_SERVICE_ACCOUNT,
  tokenSecret: given.SCALP_EXECUTOR_TOKEN_SECRET,
  defaultCredentialsSecret: given.SCALP_DEFAULT_CREDENTIALS_SECRET,
  resources: given.SCALP_EXECUTOR_RESOURCES,
});

const fail = (problem: string): number => {
  tellParent({ problem });
  process.stderr.write(`scalp operator: ${problem}\n`);
  return FAILED;
};
