/**
 * The API server as a person's kubeconfig gives it: where, whom to trust, who we are.
 *
 * What would be left out silently is refused in a sentence, since a connection that is made another
 * way than the file says may reach another cluster, or as somebody else.
 */

import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { err, ok, type Result } from "#base/result.ts";
import { secret } from "#runtime/secret.ts";
import type { Server, Tls } from "./connection.ts";
import { fileCredentials, fixedCredentials, type Credentials } from "./credentials.ts";
import { runPlugin, type PluginDeps, type PluginIdentity } from "./exec-credentials.ts";
import { selectContext, type Selected, type User } from "./kubeconfig-files.ts";

/** `paths`: one file, or several that are merged. `context`: another than the current one. */
export type KubeconfigChoice = {
  readonly paths: ReadonlyArray<string>;
  readonly context?: string;
};

export const loadKubeconfig = async (
  deps: PluginDeps,
  { paths, context }: KubeconfigChoice,
): Promise<Result<Server, string>> => {
  const selected = selectContext(paths, context);
  if (!selected.ok) return selected;
  const unsupported = whatIsUnsupported(selected.value);
  if (unsupported !== undefined) return err(unsupported);
  const tls = readTls(selected.value);
  if (!tls.ok) return tls;
  const identity = await identify(deps, selected.value);
  if (!identity.ok) return identity;
  const { credentials, cert, key } = identity.value;
  return ok({
    url: selected.value.cluster.value.server,
    tls: { ...tls.value, cert: cert ?? tls.value.cert, key: key ?? tls.value.key },
    credentials,
    headers: impersonation(selected.value.user.value),
    namespace: selected.value.namespace,
  });
};

const whatIsUnsupported = ({ cluster, user, origin }: Selected): string | undefined => {
  if (cluster.value["proxy-url"] !== undefined) {
    return (
      `The kubeconfig ${origin} reaches cluster "${cluster.name}" through a proxy (proxy-url), ` +
      "which is not supported: forward a port and name it as the server instead."
    );
  }
  const provider = user.value["auth-provider"]?.name;
  if (provider === undefined) return undefined;
  return (
    `The kubeconfig ${origin} identifies user "${user.name}" by the auth-provider "${provider}", ` +
    "which is not supported: use a credential plugin (exec), as kubectl does since 1.26."
  );
};

const readTls = ({ cluster, user, origin }: Selected): Result<Tls, string> => {
  const ca = readPem(origin, {
    what: `certificate authority of cluster "${cluster.name}"`,
    path: pathFrom(cluster.folder, cluster.value["certificate-authority"]),
    data: cluster.value["certificate-authority-data"],
  });
  if (!ca.ok) return ca;
  const cert = readPem(origin, {
    what: `client certificate of user "${user.name}"`,
    path: pathFrom(user.folder, user.value["client-certificate"]),
    data: user.value["client-certificate-data"],
  });
  if (!cert.ok) return cert;
  const key = readPem(origin, {
    what: `client key of user "${user.name}"`,
    path: pathFrom(user.folder, user.value["client-key"]),
    data: user.value["client-key-data"],
  });
  if (!key.ok) return key;
  return ok({
    ca: ca.value,
    cert: cert.value,
    key: key.value === undefined ? undefined : secret(key.value),
    serverName: cluster.value["tls-server-name"],
    verify: cluster.value["insecure-skip-tls-verify"] !== true,
  });
};

type PemSource = {
  readonly what: string;
  readonly path: string | undefined;
  readonly data: string | undefined;
};

/** Data in the kubeconfig goes before a file that it names, as for kubectl. */
const readPem = (
  origin: string,
  { what, path, data }: PemSource,
): Result<string | undefined, string> => {
  if (!data && path === undefined) return ok(undefined);
  const pem = data ? Buffer.from(data, "base64").toString("utf8") : readText(path ?? "");
  if (pem?.includes("-----BEGIN ") === true) return ok(pem);
  const where = data ? "as data" : `in ${path}`;
  const why = pem === undefined ? "it cannot be read" : "it is not PEM";
  return err(`The kubeconfig ${origin} gives the ${what} ${where}, but ${why}: correct it.`);
};

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

const pathFrom = <T extends string | undefined>(folder: string, path: T): T | string =>
  path === undefined || isAbsolute(path) ? path : join(folder, path);

const identify = async (
  deps: PluginDeps,
  selected: Selected,
): Promise<Result<PluginIdentity, string>> => {
  const { folder, value: user } = selected.user;
  const by = (credentials: Credentials) => ok({ credentials, cert: undefined, key: undefined });
  if (user.tokenFile) return by(fileCredentials(deps, pathFrom(folder, user.tokenFile)));
  if (user.token) return by(fixedCredentials(`Bearer ${user.token}`));
  if (user.username) return by(fixedCredentials(`Basic ${basic(user)}`));
  if (user.exec !== undefined) return runPlugin(deps, selected, user.exec);
  return by(fixedCredentials(undefined));
};

const basic = ({ username = "", password = "" }: User): string =>
  Buffer.from(`${username}:${password}`).toString("base64");

const impersonation = (user: User): Server["headers"] => ({
  ...(user.as === undefined ? {} : { "impersonate-user": [user.as] }),
  ...(user["as-uid"] === undefined ? {} : { "impersonate-uid": [user["as-uid"]] }),
  ...(user["as-groups"] === undefined ? {} : { "impersonate-group": user["as-groups"] }),
  ...Object.fromEntries(
    Object.entries(user["as-user-extra"] ?? {}).map(([name, values]) => [
      `impersonate-extra-${encodeURIComponent(name)}`,
      values,
    ]),
  ),
});
