/**
 * Kubeconfig files as people have them: several, merged as kubectl merges them (who says a thing
 * first has said it), read with positions, and every complaint a sentence with what to do about it.
 *
 * Loading client-node's `KubeConfig` for this would cost 90 MB, its generated models, for four lists.
 */

import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "#base/result.ts";
import type { Env } from "#runtime/env.ts";
import { parseYaml } from "#runtime/yaml.ts";

const clusterSchema = z.object({
  server: z.url({ protocol: /^https?$/, error: "must be an http(s) URL" }),
  "certificate-authority": z.string().optional(),
  "certificate-authority-data": z.string().optional(),
  "insecure-skip-tls-verify": z.boolean().optional(),
  "tls-server-name": z.string().optional(),
  "proxy-url": z.string().optional(),
});

const execSchema = z.object({
  apiVersion: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  interactiveMode: z.enum(["Never", "IfAvailable", "Always"]).optional(),
  provideClusterInfo: z.boolean().optional(),
});

const userSchema = z.object({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  "client-certificate": z.string().optional(),
  "client-certificate-data": z.string().optional(),
  "client-key": z.string().optional(),
  "client-key-data": z.string().optional(),
  exec: execSchema.optional(),
  "auth-provider": z.object({ name: z.string() }).optional(),
  as: z.string().optional(),
  "as-uid": z.string().optional(),
  "as-groups": z.array(z.string()).optional(),
  "as-user-extra": z.record(z.string(), z.array(z.string())).optional(),
});

const contextSchema = z.object({
  cluster: z.string(),
  user: z.string().optional(),
  namespace: z.string().optional(),
});

const fileSchema = z.object({
  clusters: z.array(z.object({ name: z.string(), cluster: clusterSchema })).nullish(),
  users: z.array(z.object({ name: z.string(), user: userSchema.nullish() })).nullish(),
  contexts: z.array(z.object({ name: z.string(), context: contextSchema })).nullish(),
  "current-context": z.string().nullish(),
});

export type Cluster = z.infer<typeof clusterSchema>;
export type Exec = z.infer<typeof execSchema>;
export type User = z.infer<typeof userSchema>;
type Context = z.infer<typeof contextSchema>;

/** Paths in it are relative to the folder of the file that it is from. */
type Sourced<T> = { readonly name: string; readonly folder: string; readonly value: T };

/** What a context points to. */
export type Selected = {
  readonly cluster: Sourced<Cluster>;
  readonly user: Sourced<User>;
  readonly namespace: string | undefined;
  /** The files, for sentences. */
  readonly origin: string;
};

type Kubeconfig = {
  readonly clusters: ReadonlyArray<Sourced<Cluster>>;
  readonly users: ReadonlyArray<Sourced<User>>;
  readonly contexts: ReadonlyArray<Sourced<Context>>;
  readonly current: string | undefined;
};

/** `KUBECONFIG`, which may name several, else the one in the home folder. */
export const kubeconfigPaths = (env: Env): ReadonlyArray<string> => {
  const named = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return named.length > 0 ? named : [join(env["HOME"] ?? "", ".kube", "config")];
};

/** The context of that name, or the current one. */
export const selectContext = (
  paths: ReadonlyArray<string>,
  context?: string,
): Result<Selected, string> => {
  const origin = paths.join(delimiter);
  const files: Kubeconfig[] = [];
  for (const path of paths.filter((path) => existsSync(path))) {
    const file = readKubeconfig(path);
    if (!file.ok) return file;
    files.push(file.value);
  }
  if (files.length > 0) return select(merge(files), context, origin);
  return err(
    `The kubeconfig ${origin} does not exist: set KUBECONFIG to the path of one that does.`,
  );
};

const merge = (files: ReadonlyArray<Kubeconfig>): Kubeconfig => ({
  clusters: files.flatMap(({ clusters }) => clusters),
  users: files.flatMap(({ users }) => users),
  contexts: files.flatMap(({ contexts }) => contexts),
  current: files.map(({ current }) => current).find((name) => name !== undefined),
});

const select = (
  { clusters, users, contexts, current }: Kubeconfig,
  asked: string | undefined,
  origin: string,
): Result<Selected, string> => {
  const name = asked ?? current;
  if (name === undefined) {
    return err(
      `The kubeconfig ${origin} has no current-context: choose one with ` +
        `"kubectl config use-context NAME"; there is ${namesOf(contexts)}.`,
    );
  }
  const absent = <T>(what: string, missing: string, there: ReadonlyArray<Sourced<T>>) =>
    err(
      `The kubeconfig ${origin} has no ${what} "${missing}", which its context "${name}" needs: ` +
        `correct the context, or the name; there is ${namesOf(there)}.`,
    );
  const context = contexts.find((one) => one.name === name);
  if (context === undefined) {
    return err(`The kubeconfig ${origin} has no context "${name}": there is ${namesOf(contexts)}.`);
  }
  const { cluster: clusterName, user: userName = "", namespace } = context.value;
  const cluster = clusters.find((one) => one.name === clusterName);
  if (cluster === undefined) return absent("cluster", clusterName, clusters);
  const user = userName === "" ? nobody : users.find((one) => one.name === userName);
  if (user === undefined) return absent("user", userName, users);
  return ok({ cluster, user, namespace, origin });
};

const nobody: Sourced<User> = { name: "", folder: "", value: {} };

const namesOf = (there: ReadonlyArray<{ readonly name: string }>): string =>
  there.length === 0 ? "none" : there.map(({ name }) => `"${name}"`).join(", ");

const readKubeconfig = (path: string): Result<Kubeconfig, string> => {
  const text = readText(path);
  if (text === undefined) {
    return err(`The kubeconfig ${path} cannot be read: check who may read it.`);
  }
  const documents = parseYaml(text);
  if (!documents.ok) {
    const { position, words } = documents.error[0] ?? {
      position: { line: 1, column: 1 },
      words: "",
    };
    return err(
      `The kubeconfig ${path}:${position.line}:${position.column} does not parse: ${words}.`,
    );
  }
  const parsed = fileSchema.safeParse(documents.value[0]?.value ?? {});
  if (parsed.success) return ok(toKubeconfig(parsed.data, dirname(path)));
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") ?? "";
  return err(
    `The kubeconfig ${path} is not one: ${place === "" ? "" : `${place}: `}${issue?.message}.`,
  );
};

const toKubeconfig = (file: z.infer<typeof fileSchema>, folder: string): Kubeconfig => ({
  clusters: (file.clusters ?? []).map(({ name, cluster }) => ({ name, folder, value: cluster })),
  users: (file.users ?? []).map(({ name, user }) => ({ name, folder, value: user ?? {} })),
  contexts: (file.contexts ?? []).map(({ name, context }) => ({ name, folder, value: context })),
  current: file["current-context"] || undefined,
});

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};
