/**
 * kube-controller-manager and kube-scheduler, for tests that need what they do: garbage collection,
 * namespace deletion, pods of a Deployment. Alone in their plane, so they elect nobody.
 */

import { get } from "node:https";
import type { Identities } from "./api-server.ts";
import type { Binaries } from "./binaries.ts";
import type { PlaneFolder } from "./plane-folder.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";

export type ManagerDeps = {
  readonly binaries: Binaries;
  readonly plane: PlaneFolder;
  readonly tokens: Identities;
  readonly kubeconfig: (token: string) => string;
};

export const createControllerManager = (
  { binaries, plane, tokens, kubeconfig }: ManagerDeps,
  controllers: ReadonlyArray<string>,
): ServerProcess =>
  createServerProcess({
    name: "kube-controller-manager",
    binary: binaries["kube-controller-manager"],
    folder: plane.path,
    isReady: () => isHealthy(plane.ports.controllerManager),
    flags: [
      ...commonFlags(kubeconfig(tokens.controllerManager), plane.ports.controllerManager),
      `--controllers=${controllers.join(",")}`,
      "--service-account-private-key-file=service-account.key",
      "--root-ca-file=certificates/apiserver.crt",
      "--cluster-cidr=10.244.0.0/16",
      "--allocate-node-cidrs=true",
    ],
  });

export const createScheduler = ({
  binaries,
  plane,
  tokens,
  kubeconfig,
}: ManagerDeps): ServerProcess =>
  createServerProcess({
    name: "kube-scheduler",
    binary: binaries["kube-scheduler"],
    folder: plane.path,
    isReady: () => isHealthy(plane.ports.scheduler),
    flags: commonFlags(kubeconfig(tokens.scheduler), plane.ports.scheduler),
  });

const commonFlags = (kubeconfig: string, port: number): ReadonlyArray<string> => [
  `--kubeconfig=${kubeconfig}`,
  "--leader-elect=false",
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  "--profiling=false",
];

/** Only whether it answers counts here: its certificate exists in its memory alone. */
const isHealthy = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const url = `https://127.0.0.1:${port}/healthz`;
    const asked = get(url, { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once("error", () => resolve(false));
  });
