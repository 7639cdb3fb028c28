/**
 * A real Kubernetes control plane for tests: etcd and kube-apiserver, on demand also the controllers
 * and the scheduler, on loopback ports of its own, with all state in one folder.
 *
 * It is gone after `close`, and also when its owner dies without calling it.
 */

import { openApiCalls, type ApiCall } from "./api-call.ts";
import { createApiServer, type Identities } from "./api-server.ts";
import { openAuditLog, type AuditEvent } from "./audit.ts";
import { findBinaries, type Binaries } from "./binaries.ts";
import { createEtcd, type Etcd } from "./etcd.ts";
import { kubeconfigWriter, kubectlRunner, type Kubectl } from "./kubectl.ts";
import { createControllerManager, createScheduler } from "./managers.ts";
import { claimPlaneFolder, type PlaneFolder } from "./plane-folder.ts";
import type { ServerProcess } from "./server-process.ts";

export type ControlPlane = {
  readonly url: string;
  /** PEM of the authority of the server's certificate. */
  readonly ca: string;
  readonly adminToken: string;
  readonly tokens: Identities;
  /** Where all state is; for what a test wants to be gone with the plane. */
  readonly folder: string;
  /** Path of a kubeconfig: of the administrator, or of a bearer token. */
  readonly kubeconfig: (token?: string) => string;
  readonly kubectl: Kubectl;
  /** Raw JSON call as administrator. */
  readonly call: ApiCall;
  /** All requests that have been answered since the first start; empty without `audit`. */
  readonly audit: () => ReadonlyArray<AuditEvent>;
  readonly apiServer: ServerProcess;
  readonly etcd: Etcd;
  readonly close: () => Promise<void>;
};

export type ControlPlaneOptions = {
  readonly audit?: boolean;
  /** kube-controller-manager with these controllers; without them it does not run. */
  readonly controllers?: ReadonlyArray<string>;
  readonly scheduler?: boolean;
  /** Where nodes reach the API server: there it is found by pods, as Service `kubernetes`. */
  readonly advertiseAddress?: string;
  /** What controllers must find when they start: the garbage collector asks for kinds twice a minute. */
  readonly prepare?: (server: Pick<ControlPlane, "call" | "kubectl">) => Promise<void>;
};

export const startControlPlane = async (
  options: ControlPlaneOptions = {},
): Promise<ControlPlane> => {
  const binaries = await findBinaries();
  const plane = await claimPlaneFolder();
  const started: ServerProcess[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= stopAll(started).then(plane.remove));
  try {
    return await assemble({ binaries, plane, started, close }, options);
  } catch (error) {
    await close();
    throw error;
  }
};

const stopAll = (servers: ReadonlyArray<ServerProcess>): Promise<unknown> =>
  Promise.all(servers.map((server) => server.stop()));

type Assembly = {
  readonly binaries: Binaries;
  readonly plane: PlaneFolder;
  /** Whatever has been started is put here before it is. */
  readonly started: ServerProcess[];
  readonly close: () => Promise<void>;
};

const assemble = async (
  { binaries, plane, started, close }: Assembly,
  { audit = false, controllers = [], scheduler = false, ...options }: ControlPlaneOptions,
): Promise<ControlPlane> => {
  const etcd = createEtcd(binaries.etcd, plane);
  const { prepare, advertiseAddress } = options;
  const server = createApiServer(binaries["kube-apiserver"], plane, {
    isAudited: audit,
    advertiseAddress,
  });
  started.push(etcd, server.process);
  await Promise.all([etcd.start(), server.process.start()]);

  const { url, tokens } = server;
  const ca = server.ca();
  const kubeconfig = kubeconfigWriter({ folder: plane.path, url, ca, adminToken: tokens.admin });
  const kubectl = kubectlRunner(binaries.kubectl, plane.path, kubeconfig);
  const calls = openApiCalls({ port: plane.ports.apiServer, ca, token: tokens.admin });
  await prepare?.({ call: calls.call, kubectl });
  const managerDeps = { binaries, plane, tokens, kubeconfig };
  const managers = [
    ...(controllers.length > 0 ? [createControllerManager(managerDeps, controllers)] : []),
    ...(scheduler ? [createScheduler(managerDeps)] : []),
  ];
  started.push(...managers);
  await Promise.all(managers.map((manager) => manager.start()));

  return {
    url,
    ca,
    adminToken: tokens.admin,
    tokens,
    folder: plane.path,
    kubeconfig,
    kubectl,
    call: calls.call,
    audit: openAuditLog(server.auditPath),
    apiServer: server.process,
    etcd,
    close: async () => {
      calls.close();
      await close();
    },
  };
};
