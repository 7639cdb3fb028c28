/** What runs on every node of a cluster: kubelet, kube-proxy, and here the cluster's DNS as well. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { NODE_NAME } from "../cluster/api-server.ts";
import type { ControlPlane } from "../cluster/control-plane.ts";
import { kubeconfigWriter } from "../cluster/kubectl.ts";
import type { ServerProcess } from "../cluster/server-process.ts";
import { SOCKET } from "./containerd.ts";
import { DNS_SERVICE_ADDRESS, HOST_ADDRESS, NODE_ADDRESS, POD_NETWORK } from "./network.ts";
import type { NodeBinaries } from "./node-binaries.ts";
import type { NodeMachine } from "./node-machine.ts";

export type NodeServers = {
  readonly kubelet: ServerProcess;
  readonly kubeProxy: ServerProcess;
  readonly dns: ServerProcess;
};

const HEALTH_TIMEOUT_MS = 2_000;
const ports = { kubelet: 10_248, kubeProxy: 10_256, dns: 8_181 };

export const createNodeServers = (
  machine: NodeMachine,
  binaries: NodeBinaries,
  plane: Pick<ControlPlane, "url" | "ca" | "adminToken" | "tokens">,
): NodeServers => {
  const { folder } = machine;
  const url = plane.url.replace("127.0.0.1", HOST_ADDRESS);
  const kubeconfig = kubeconfigWriter({ ...plane, folder, url });
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };
  const { tokens } = plane;
  return {
    kubelet: machine.server({
      name: "kubelet",
      program: binaries.kubelet,
      args: [
        `--config=${file("kubelet.json", kubeletConfig(machine, file("resolv.conf", "")))}`,
        `--kubeconfig=${kubeconfig(tokens.kubelet)}`,
        `--hostname-override=${NODE_NAME}`,
        `--node-ip=${NODE_ADDRESS}`,
      ],
      isReady: () => isHealthy(ports.kubelet, "/healthz"),
    }),
    kubeProxy: machine.server({
      name: "kube-proxy",
      program: binaries["kube-proxy"],
      args: [`--config=${file("kube-proxy.json", kubeProxyConfig(kubeconfig(tokens.kubeProxy)))}`],
      isReady: () => isHealthy(ports.kubeProxy, "/healthz"),
    }),
    dns: machine.server({
      name: "coredns",
      program: binaries.coredns,
      args: ["-conf", file("Corefile", corefile(kubeconfig(tokens.dns)))],
      isReady: () => isHealthy(ports.dns, "/ready"),
    }),
  };
};

const isHealthy = async (port: number, path: string): Promise<boolean> => {
  try {
    const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
    return (await fetch(`http://${NODE_ADDRESS}:${port}${path}`, { signal })).ok;
  } catch {
    return false;
  }
};

/** Only memory drives pods away: a disk of somebody else's fills up for other reasons. */
const kubeletConfig = ({ controlGroup }: NodeMachine, resolvConf: string) => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  address: NODE_ADDRESS,
  healthzBindAddress: NODE_ADDRESS,
  healthzPort: ports.kubelet,
  // Nobody reaches it but this machine and its pods; the API server has no certificate to show.
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: "AlwaysAllow" },
  containerRuntimeEndpoint: `unix://${SOCKET}`,
  cgroupDriver: "cgroupfs",
  cgroupRoot: `/${controlGroup}`,
  failCgroupV1: false,
  failSwapOn: false,
  oomScoreAdj: 0,
  resolvConf,
  clusterDNS: [DNS_SERVICE_ADDRESS],
  clusterDomain: "cluster.local",
  volumePluginDir: "/var/lib/kubelet/volume-plugins",
  imageGCHighThresholdPercent: 100,
  evictionHard: {
    "memory.available": "50Mi",
    "nodefs.available": "0%",
    "nodefs.inodesFree": "0%",
    "imagefs.available": "0%",
    "imagefs.inodesFree": "0%",
  },
});

/** Limits of connections belong to the kernel that is shared, and stay as they are. */
const kubeProxyConfig = (kubeconfig: string) => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  mode: "nftables",
  clientConnection: { kubeconfig },
  hostnameOverride: NODE_NAME,
  detectLocalMode: "ClusterCIDR",
  clusterCIDR: POD_NETWORK,
  healthzBindAddress: `${NODE_ADDRESS}:${ports.kubeProxy}`,
  metricsBindAddress: "127.0.0.1:10249",
  oomScoreAdj: 0,
  conntrack: {
    maxPerCore: 0,
    min: 0,
    tcpEstablishedTimeout: "0s",
    tcpCloseWaitTimeout: "0s",
  },
});

/** As installers set it up; names from outside the cluster are nobody's here. */
const corefile = (kubeconfig: string): string => `.:53 {
    bind ${NODE_ADDRESS}
    errors
    ready ${NODE_ADDRESS}:${ports.dns}
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ${kubeconfig}
        pods insecure
        ttl 30
    }
    cache 30
}
`;
