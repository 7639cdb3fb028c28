/** Addresses of the one cluster that a machine may have at a time, and nothing else's. */

/** The link between the machine and the node's own network. */
export const HOST_LINK = "scalp-e2e";
export const HOST_ADDRESS = "10.243.0.1";
export const NODE_ADDRESS = "10.243.0.2";
export const LINK_BITS = 30;

/** As kube-controller-manager and kube-apiserver are told (tests/cluster). */
export const POD_NETWORK = "10.244.0.0/16";
export const SERVICE_NETWORK = "10.96.0.0/16";

/** Of the one node. */
export const POD_SUBNET = "10.244.0.0/24";
export const DNS_SERVICE_ADDRESS = "10.96.0.10";
