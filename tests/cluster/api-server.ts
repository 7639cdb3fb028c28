/**
 * kube-apiserver on loopback, as a cluster runs it: RBAC, default admission, API priority and
 * fairness, service account tokens. Left out is only what costs time and what nobody asks for.
 *
 * Its certificate is the one that it makes for itself in the plane's folder, which carries its own
 * authority; identities of tests are bearer tokens.
 */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApiCalls } from "./api-call.ts";
import { auditPolicy } from "./audit.ts";
import { etcdUrl } from "./etcd.ts";
import type { PlaneFolder } from "./plane-folder.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";

export type Identities = {
  readonly admin: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  /** Of what runs on a node, `node-1`. */
  readonly kubelet: string;
  readonly kubeProxy: string;
  readonly dns: string;
};

type ApiServerOptions = {
  readonly isAudited: boolean;
  /** Where others than the tests reach it, by whatever leads from there to loopback. */
  readonly advertiseAddress: string | undefined;
};

export type ApiServer = {
  readonly process: ServerProcess;
  readonly url: string;
  /** PEM; there once the server has been ready. */
  readonly ca: () => string;
  readonly tokens: Identities;
  readonly auditPath: string;
};

export const createApiServer = (
  binary: string,
  plane: PlaneFolder,
  { isAudited, advertiseAddress }: ApiServerOptions,
): ApiServer => {
  const { path: folder, ports } = plane;
  const tokens = writeTokens(folder);
  writeServiceAccountKey(folder);
  if (isAudited) writeFileSync(join(folder, "audit-policy.yaml"), auditPolicy);
  const caPath = join(folder, "certificates", "apiserver.crt");
  const process = createServerProcess({
    name: "kube-apiserver",
    binary,
    folder,
    flags: [
      ...apiServerFlags(plane),
      ...reachFlags(advertiseAddress),
      ...(isAudited ? auditFlags : []),
    ],
    isReady: () => isReady(caPath, ports.apiServer, tokens.admin),
  });
  return {
    process,
    url: `https://127.0.0.1:${ports.apiServer}`,
    ca: () => readFileSync(caPath, "utf8"),
    tokens,
    auditPath: join(folder, AUDIT_LOG),
  };
};

export const NODE_NAME = "node-1";

const AUDIT_LOG = "audit.jsonl";

const apiServerFlags = (plane: PlaneFolder): ReadonlyArray<string> => [
  `--etcd-servers=${etcdUrl(plane)}`,
  "--bind-address=127.0.0.1",
  `--secure-port=${plane.ports.apiServer}`,
  "--cert-dir=certificates",
  "--authorization-mode=Node,RBAC",
  "--token-auth-file=tokens.csv",
  "--service-account-key-file=service-account.key",
  "--service-account-signing-key-file=service-account.key",
  "--service-account-issuer=https://kubernetes.default.svc",
  "--service-cluster-ip-range=10.96.0.0/16",
  "--allow-privileged=true",
  "--profiling=false",
];

/** Endpoints of Service `kubernetes` may not be on loopback: without nodes it has none. */
const reachFlags = (advertiseAddress: string | undefined): ReadonlyArray<string> =>
  advertiseAddress === undefined
    ? ["--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"]
    : [
        `--advertise-address=${advertiseAddress}`,
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",
      ];

/** One file, however long the test: rotated ones would have to be found again. */
const auditFlags = [
  "--audit-policy-file=audit-policy.yaml",
  `--audit-log-path=${AUDIT_LOG}`,
  "--audit-log-maxsize=1000000",
];

const writeTokens = (folder: string): Identities => {
  const tokens = {
    admin: newToken(),
    controllerManager: newToken(),
    scheduler: newToken(),
    kubelet: newToken(),
    kubeProxy: newToken(),
    dns: newToken(),
  };
  const lines = [
    `${tokens.admin},admin,admin,"system:masters"`,
    `${tokens.controllerManager},system:kube-controller-manager,kcm,"system:masters"`,
    `${tokens.scheduler},system:kube-scheduler,scheduler,"system:masters"`,
    `${tokens.kubelet},system:node:${NODE_NAME},kubelet,"system:nodes"`,
    `${tokens.kubeProxy},system:kube-proxy,kube-proxy`,
    `${tokens.dns},system:coredns,coredns`,
  ];
  writeFileSync(join(folder, "tokens.csv"), `${lines.join("\n")}\n`, { mode: 0o600 });
  return tokens;
};

const newToken = (): string => randomBytes(16).toString("hex");

const writeServiceAccountKey = (folder: string): void => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" });
  writeFileSync(join(folder, "service-account.key"), pem, { mode: 0o600 });
  mkdirSync(join(folder, "certificates"));
};

/** All its own checks pass, and the namespaces that every cluster has are there. */
const isReady = async (caPath: string, port: number, token: string): Promise<boolean> => {
  if (!existsSync(caPath)) return false;
  const { call, close } = openApiCalls({ port, ca: readFileSync(caPath, "utf8"), token });
  try {
    if ((await call("GET", "/readyz")).status !== 200) return false;
    return (await call("GET", "/api/v1/namespaces/default")).status === 200;
  } catch {
    return false;
  } finally {
    close();
  }
};
