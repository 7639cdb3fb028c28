/** What makes the node's DNS server the cluster's: its rights, and the Service that pods ask. */

import { DNS_SERVICE_ADDRESS, NODE_ADDRESS } from "./network.ts";

const NAMESPACE = "kube-system";
const SERVICE = "kube-dns";
const ROLE = "system:coredns";
const RBAC = "rbac.authorization.k8s.io";
const ports = [
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "dns-tcp", port: 53, protocol: "TCP" },
];

const rule = (apiGroup: string, ...resources: ReadonlyArray<string>) => ({
  apiGroups: [apiGroup],
  resources,
  verbs: ["list", "watch"],
});

export const dnsObjects: ReadonlyArray<object> = [
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name: ROLE },
    rules: [
      rule("", "endpoints", "namespaces", "pods", "services"),
      rule("discovery.k8s.io", "endpointslices"),
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: ROLE },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: ROLE },
    subjects: [{ apiGroup: RBAC, kind: "User", name: ROLE }],
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: SERVICE, namespace: NAMESPACE, labels: { "k8s-app": SERVICE } },
    spec: { clusterIP: DNS_SERVICE_ADDRESS, ports },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: SERVICE,
      namespace: NAMESPACE,
      labels: { "kubernetes.io/service-name": SERVICE },
    },
    addressType: "IPv4",
    endpoints: [{ addresses: [NODE_ADDRESS], conditions: { ready: true } }],
    ports,
  },
];
