/** kubectl against one plane, and the kubeconfig files that it and our own programs are started with. */

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#runtime/clock.ts";
import { spawnWatched } from "./watched-child.ts";

export type KubectlAnswer = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type KubectlOptions = { readonly token?: string; readonly input?: string };

export type Kubectl = (
  args: ReadonlyArray<string>,
  options?: KubectlOptions,
) => Promise<KubectlAnswer>;

export type KubeconfigDeps = {
  readonly folder: string;
  readonly url: string;
  readonly ca: string;
  readonly adminToken: string;
};

const KUBECTL_TIMEOUT_MS = 120_000;

/** Path of a kubeconfig for a bearer token, the administrator's by default. JSON is YAML. */
export const kubeconfigWriter =
  ({ folder, url, ca, adminToken }: KubeconfigDeps) =>
  (token: string = adminToken): string => {
    const digest = createHash("sha256").update(token).digest("hex").slice(0, 16);
    const path = join(folder, `kubeconfig-${digest}.yaml`);
    const certificate = Buffer.from(ca).toString("base64");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name: "test", cluster: { server: url, "certificate-authority-data": certificate } },
      ],
      users: [{ name: "test", user: { token } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      "current-context": "test",
    };
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  };

export const kubectlRunner =
  (binary: string, folder: string, kubeconfig: (token?: string) => string): Kubectl =>
  (args, { token, input = "" } = {}) =>
    new Promise((resolve) => {
      const own = [`--kubeconfig=${kubeconfig(token)}`, `--cache-dir=${join(folder, "kubectl")}`];
      const { child } = spawnWatched(binary, [...own, ...args], {
        stdio: ["pipe", "pipe", "pipe"],
        cwd: process.cwd(),
      });
      child.ref();
      const cancel = systemClock.after(KUBECTL_TIMEOUT_MS, () => child.kill("SIGKILL"));
      let [stdout, stderr] = ["", ""];
      child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.once("close", (code) => {
        cancel();
        resolve({ code: code ?? -1, stdout, stderr });
      });
      // One that refuses its arguments does not read what it is given.
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(input);
    });
