/**
 * The programs of a node, built once a machine from pinned Go modules into the user's cache, as those
 * of the control plane are: kubelet and kube-proxy, CoreDNS, and the first process of every pod.
 */

import { homedir } from "node:os";
import { join } from "node:path";
import { processEnv } from "#runtime/env.ts";
import { cacheFolder, isExecutable } from "../cluster/binaries.ts";
import { buildOnce, digestOf, goBuild, pinned, requireGo } from "../cluster/build.ts";

const modules = join(import.meta.dirname, "go");
const kubernetesModule = join(modules, "node");
const coreDnsModule = join(modules, "coredns");
const pauseModule = join(modules, "pause");

const nodeBinaryNames = ["coredns", "kube-proxy", "kubelet", "pause"] as const;

/** Path by name. */
export type NodeBinaries = Readonly<Record<(typeof nodeBinaryNames)[number], string>>;

export const findNodeBinaries = async (): Promise<NodeBinaries> => {
  const folder = join(cacheFolder({ env: processEnv(), home: homedir() }), nodeKey());
  const isThere = () => nodeBinaryNames.every((name) => isExecutable(join(folder, name)));
  await buildOnce({ folder, make: build, isThere });
  return {
    coredns: join(folder, "coredns"),
    "kube-proxy": join(folder, "kube-proxy"),
    kubelet: join(folder, "kubelet"),
    pause: join(folder, "pause"),
  };
};

const kubernetesVersion = (): string => pinned(kubernetesModule, "k8s.io/kubernetes");

const nodeKey = (): string => {
  const coreDns = pinned(coreDnsModule, "github.com/coredns/coredns");
  const digest = digestOf([kubernetesModule, coreDnsModule, pauseModule]);
  return `node-${kubernetesVersion()}-coredns-${coreDns}-${digest}`;
};

const build = async (into: string): Promise<void> => {
  requireGo("There are no programs of a node for the tests, and no Go 1.26 to build them with.");
  process.stderr.write(
    "building kubelet, kube-proxy and CoreDNS for the tests (some minutes) ...\n",
  );
  const version = `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion()}`;
  const commands = ["kube-proxy", "kubelet"];
  await goBuild(kubernetesModule, [
    `-ldflags=-s -w ${version}`,
    `-o=${into}/`,
    ...commands.map((name) => `k8s.io/kubernetes/cmd/${name}`),
  ]);
  const strip = "-ldflags=-s -w";
  await goBuild(coreDnsModule, [strip, `-o=${into}/coredns`, "github.com/coredns/coredns"]);
  await goBuild(pauseModule, [strip, `-o=${into}/pause`, "."]);
};
