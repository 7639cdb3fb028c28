/** containerd in the node's machine: runs containers of images that were put into it beforehand. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerProcess } from "../cluster/server-process.ts";
import { POD_SUBNET } from "./network.ts";
import type { NodeMachine } from "./node-machine.ts";

export const SOCKET = "/run/containerd/containerd.sock";

/** Of the image whose one process holds a pod together. */
export const PAUSE_IMAGE = "scalp.test/pause:1";

/** The kubelet's own name space in it. */
const OF_KUBERNETES = ["--namespace", "k8s.io"];

export type Containerd = ServerProcess & {
  /** Archives as `buildah push oci-archive:…` makes them. */
  readonly load: (archives: ReadonlyArray<string>) => Promise<void>;
};

export const createContainerd = (machine: NodeMachine, cniFolder: string): Containerd => {
  const { folder } = machine;
  const networks = join(folder, "networks");
  mkdirSync(networks, { recursive: true });
  writeFileSync(join(networks, "10-pods.conflist"), JSON.stringify(podNetwork));
  const config = join(folder, "containerd.toml");
  writeFileSync(config, configOf(cniFolder, networks));
  const server = machine.server({
    name: "containerd",
    program: "containerd",
    args: [`--config=${config}`],
    isReady: () => succeeds(machine.run("ctr", "version")),
  });
  return {
    ...server,
    load: async (archives) => {
      for (const archive of archives) {
        await machine.run("ctr", ...OF_KUBERNETES, "images", "import", archive);
      }
    },
  };
};

const succeeds = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  );

/** A cable a pod: all traffic passes the node, where kube-proxy's rules are. */
const podNetwork = {
  cniVersion: "0.4.0",
  name: "pods",
  plugins: [
    {
      type: "ptp",
      ipMasq: false,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: POD_SUBNET }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
};

/** Root of a build machine may lack CAP_SYS_RESOURCE, without which no score can be lowered. */
const configOf = (cniFolder: string, networks: string): string => `
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = "${SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${cniFolder}"
conf_dir = "${networks}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
`;
