/**
 * What a machine must have for a real node, beside Go: Linux, root, and some programs of its
 * distribution. `make node` installs those on Debian and Ubuntu.
 *
 * Where something is missing the tests are skipped in words that name it, and under CI=true a
 * skipped test fails the run (tests/everything.ts).
 */

import { globSync } from "node:fs";
import { processEnv } from "#runtime/env.ts";
import { isExecutable } from "../cluster/binaries.ts";

/** The packages of Debian by program. */
const programs: Readonly<Record<string, string>> = {
  buildah: "buildah",
  containerd: "containerd",
  ctr: "containerd",
  ip: "iproute2",
  nft: "nftables",
  nsenter: "util-linux",
  runc: "runc",
  setpriv: "util-linux",
  unshare: "util-linux",
};

/** Where distributions put the programs that connect a pod: Debian's own folder first. */
const CNI_FOLDERS = ["/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin"];
const CNI_PROGRAMS = ["host-local", "loopback", "ptp"];

/** Undefined where there is none. */
export const cniFolder = (): string | undefined =>
  CNI_FOLDERS.find((folder) => CNI_PROGRAMS.every((name) => isExecutable(`${folder}/${name}`)));

/** What `apt-get install` would have to bring. */
export const missingPackages = (): ReadonlyArray<string> => {
  const folders = (processEnv()["PATH"] ?? "").split(":").concat("/usr/sbin", "/sbin");
  const isThere = (name: string) => folders.some((folder) => isExecutable(`${folder}/${name}`));
  const ofPrograms = Object.entries(programs)
    .filter(([name]) => !isThere(name))
    .map(([, name]) => name);
  const ofPods = cniFolder() === undefined ? ["containernetworking-plugins"] : [];
  return [...new Set([...ofPrograms, ...ofPods])];
};

/** A line each; none where a node can run. */
export const missingForNode = (): ReadonlyArray<string> => {
  if (process.platform !== "linux") return ["a real node needs Linux"];
  return [
    ...(process.getuid?.() === 0 ? [] : ["a real node needs root"]),
    ...missingPackages().map((name) => `a real node needs the package ${name} (make node)`),
    ...(globSync("/sys/fs/cgroup/*").length > 0 ? [] : ["a real node needs control groups"]),
  ];
};
