/**
 * A credential plugin, as clouds ship them: a program that prints a token, or a client certificate.
 *
 * client-node runs it, and this is the one place that loads client-node, by the file that does that
 * alone (7 MB, where the package costs 90). What it leaves out is added: the variable by which
 * plugins are told what to print, and a limit on how long one may take. What a plugin prints is a
 * secret, so it is in no sentence.
 */

import type { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import type { RequestOptions } from "node:https";
import { isAbsolute, join } from "node:path";
import { isNativeError } from "node:util/types";
import type { Clock, Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { secret, type Secret } from "#runtime/secret.ts";
import { createCredentials, fixedCredentials, type Credentials } from "./credentials.ts";
import type { Cluster, Exec, Selected } from "./kubeconfig-files.ts";

export type PluginDeps = { readonly clock: Clock; readonly timers: Timers };

/** What a plugin gave at the start. A certificate lasts as long as the process: only tokens are renewed. */
export type PluginIdentity = {
  readonly credentials: Credentials;
  readonly cert: string | undefined;
  readonly key: Secret | undefined;
};

/** Some ask a server far away. */
const PLUGIN_TIMEOUT_MS = 60_000;
const EXCERPT_LENGTH = 300;

export const runPlugin = async (
  deps: PluginDeps,
  { cluster, user, origin }: Selected,
  exec: Exec,
): Promise<Result<PluginIdentity, string>> => {
  const failure = (why: string) =>
    err(
      `The credential plugin "${exec.command}" of user "${user.name}" in the kubeconfig ${origin} ` +
        `failed: ${why}. Run it by hand to see what it needs.`,
    );
  if (exec.interactiveMode === "Always") return failure("it wants to ask a person");
  const run = await loadPlugin(toPluginUser(exec, user, cluster.value));
  const read = async (isRefused: boolean): Promise<Result<Printed, string>> => {
    const printed = await within(deps.timers, PLUGIN_TIMEOUT_MS, run(isRefused));
    return printed.ok ? printed : failure(printed.error);
  };
  const first = await read(false);
  if (!first.ok) return first;
  const { authorization, cert, key } = first.value;
  const renewed = createCredentials(deps, async (isRefused) => {
    const printed = await read(isRefused);
    return printed.ok ? ok(printed.value.authorization) : printed;
  });
  const credentials = authorization === undefined ? fixedCredentials(undefined) : renewed;
  return ok({ credentials, cert, key: key === undefined ? undefined : secret(key) });
};

type Printed = {
  readonly authorization: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
};

type PluginUser = Parameters<ExecAuth["applyAuthentication"]>[0];

/** Answers from what the plugin printed last while that is valid, by its own word. */
const loadPlugin = async (user: PluginUser) => {
  const { ExecAuth } = await import("@kubernetes/client-node/dist/exec_auth.js");
  let plugin = new ExecAuth();
  return async (isRefused: boolean): Promise<Result<Printed, string>> => {
    // A new one has forgotten the token that the server does not take.
    if (isRefused) plugin = new ExecAuth();
    const headers: Record<string, string> = {};
    const options: RequestOptions = { headers };
    try {
      await plugin.applyAuthentication(user, options);
    } catch (error) {
      return err(reasonOf(error));
    }
    const { cert, key } = options;
    return ok({
      authorization: headers["Authorization"],
      cert: typeof cert === "string" ? cert : undefined,
      key: typeof key === "string" ? key : undefined,
    });
  };
};

/** What client-node takes for a user, with what plugins expect to be told. */
const toPluginUser = (exec: Exec, user: Selected["user"], cluster: Cluster): PluginUser => {
  const { apiVersion, command, provideClusterInfo } = exec;
  const spec = { interactive: false, ...(provideClusterInfo === true ? { cluster } : {}) };
  const info = { apiVersion, kind: "ExecCredential", spec };
  const isInFolder = command.includes("/") && !isAbsolute(command);
  return {
    name: user.name,
    exec: {
      command: isInFolder ? join(user.folder, command) : command,
      args: exec.args ?? [],
      env: [{ name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }, ...(exec.env ?? [])],
    },
  };
};

/** What could not be read as a credential may be a token all the same, and the parser quotes it. */
const reasonOf = (error: unknown): string => {
  if (!isNativeError(error) || error.name === "SyntaxError" || error.name === "TypeError") {
    return "what it printed is not an ExecCredential";
  }
  return error.message.replaceAll(/\s+/g, " ").trim().slice(0, EXCERPT_LENGTH) || "it said nothing";
};

const within = <T>(
  timers: Timers,
  ms: number,
  result: Promise<Result<T, string>>,
): Promise<Result<T, string>> =>
  new Promise((resolve) => {
    const cancel = timers.after(ms, () => resolve(err(`it took longer than ${ms / 1000} s`)));
    const settle = async () => {
      const settled = await result;
      cancel();
      resolve(settled);
    };
    void settle();
  });
