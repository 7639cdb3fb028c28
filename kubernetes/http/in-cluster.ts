/**
 * The API server as a pod finds it: two variables and a folder that the kubelet keeps fresh.
 *
 * The token is bound to the pod and replaced before it runs out, so it is read again and again.
 */

import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { Env } from "#runtime/env.ts";
import { plainTls, type Server } from "./connection.ts";
import { fileCredentials } from "./credentials.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Every pod has the variables; one without a token has no business with the API server. */
export const loadInCluster = async (
  deps: { readonly clock: Clock },
  env: Env,
  folder: string = FOLDER,
): Promise<Result<Server, string>> => {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port) {
    return err(
      "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is not a pod: " +
        "give a kubeconfig.",
    );
  }
  const ca = await readText(join(folder, "ca.crt"));
  if (!ca.ok) return ca;
  const namespace = await readText(join(folder, "namespace"));
  const credentials = fileCredentials(deps, join(folder, "token"));
  const authorization = await credentials.authorization();
  if (!authorization.ok) return authorization;
  return ok({
    url: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    tls: { ...plainTls, ca: ca.value },
    credentials,
    headers: {},
    namespace: namespace.ok ? namespace.value.trim() : undefined,
  });
};

const readText = async (path: string): Promise<Result<string, string>> => {
  try {
    return ok(await readFile(path, "utf8"));
  } catch {
    return err(
      `${path} cannot be read: the pod needs a service account whose token is mounted ` +
        "(automountServiceAccountToken).",
    );
  }
};
