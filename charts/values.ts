/**
 * What can be set of an installation: the one source of the chart's values.yaml, of the schema that
 * Helm refuses mistakes by, and of the table in its README.
 *
 * Every value does something: a test changes each of them and looks for what follows. Names that our
 * processes agree on, such as those of ServiceAccounts, are not here: two installations in a namespace
 * would run every strategy twice, and the names that collide keep them from it.
 */

import { z } from "zod";
import { fleetFiles } from "#crds/fleet.ts";

const NAME_LENGTH_MAX = 253;

const name = z.string().max(NAME_LENGTH_MAX);
const labels = z.record(z.string(), z.string());
const loose = z.record(z.string(), z.unknown());

const quantity = z.union([z.string().regex(/^[0-9.]+(?:[numkKMGTPE]i?)?$/), z.number().gt(0)]);
const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });

/** A processor limit would only make things late, so none is given. */
const resources = (memory: string, most: string) =>
  z
    .strictObject({ requests: amounts.optional(), limits: amounts.optional() })
    .default({ requests: { cpu: "50m", memory }, limits: { memory: most } });

/** Where pods of a component run, and what they get. */
const placement = (memory: string, most: string) => ({
  resources: resources(memory, most).describe("Requests and limits of each pod."),
  priorityClassName: name.default("").describe("PriorityClass of its pods."),
  nodeSelector: labels.default({}).describe("Labels of the nodes that its pods may run on."),
  tolerations: z.array(loose).default([]).describe("Taints that its pods tolerate."),
  affinity: loose.default({}).describe("Affinity of its pods."),
});

const peers = z.array(
  z.strictObject({
    namespaceSelector: loose.optional(),
    podSelector: loose.optional(),
    ipBlock: loose.optional(),
  }),
);
const cidrs = z.array(z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/));
const ports = z.array(z.int().min(1).max(65_535)).min(1);

/** Nothing that an exchange is at: clusters, nodes and the metadata of clouds are there. */
const privateRanges = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
];

const MONITORING = "monitoring.coreos.com";
const automatic = (kind: string) =>
  z.strictObject({
    enabled: z
      .union([z.literal("auto"), z.boolean()])
      .default("auto")
      .describe(`Whether there is a ${kind}; auto: where the cluster has ${MONITORING}.`),
  });

const image = z
  .strictObject({
    repository: z.string().min(1).default("scalp-radar").describe("Where the image is."),
    tag: z.string().max(128).default("").describe("Its tag; the chart's appVersion where empty."),
    digest: z
      .string()
      .regex(/^(?:sha256:[0-9a-f]{64})?$/)
      .default("")
      .describe("Its digest, sha256:…, which then decides and not the tag."),
    pullPolicy: z
      .enum(["Always", "IfNotPresent", "Never"])
      .default("IfNotPresent")
      .describe("When nodes pull it."),
    pullSecrets: z
      .array(name.min(1))
      .default([])
      .describe("Names of Secrets that nodes show to the registry, in each namespace with pods."),
  })
  .describe("The one image, of executors too.");

const crds = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe("Whether this release has the CRD; one release of a cluster has it."),
    keep: z
      .boolean()
      .default(true)
      .describe("Whether LiveStrategies outlive the release, with all that their executors need."),
  })
  .describe("The CustomResourceDefinition of LiveStrategy.");

const config = z
  .strictObject({
    assets: fleetFiles.assets.optional(),
    risk: fleetFiles.risk.optional(),
    exchanges: fleetFiles.exchanges.optional(),
  })
  .default({})
  .describe(
    "Assets, risk and exchanges: the files of config/ in the repository, each whole; absent, the program's own.",
  );

const operator = z
  .strictObject({
    replicas: z.int().min(1).max(2).default(1).describe("One leads; a second one stands by."),
    workers: z.int().min(1).max(100).default(16).describe("Strategies that are worked on at once."),
    logLevel: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("What it writes to its log."),
    ...placement("96Mi", "512Mi"),
  })
  .describe("The operator: makes an executor of each LiveStrategy that may trade.");

const executor = z
  .strictObject({
    tokenSecret: name
      .default("")
      .describe(
        "Secret with the key token, in each namespace with strategies and in the release's; empty: one is made and kept.",
      ),
    resources: resources("128Mi", "256Mi").describe(
      "Of an executor whose spec.executor.resources says nothing else; a change restarts all.",
    ),
  })
  .describe("Executors: one pod for each strategy that trades.");

const aggregator = z
  .strictObject({
    apiTokenSecret: name
      .default("")
      .describe("Secret whose key token opens the page and the API; empty: one is made and kept."),
    service: z
      .strictObject({
        type: z
          .enum(["ClusterIP", "NodePort", "LoadBalancer"])
          .default("ClusterIP")
          .describe("Type of the Service."),
        port: z.int().min(1).max(65_535).default(8080).describe("Port of the Service."),
      })
      .describe("Where the page and the API are."),
    ...placement("96Mi", "384Mi"),
  })
  .describe("The aggregator: page, API and metrics.");

const policies = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        "Whether there are ValidatingAdmissionPolicies: these limits, and what our own processes may write.",
      ),
    maxLeverage: z.int().min(1).max(20).default(20).describe("Most spec.leverage."),
    allowedSymbols: z
      .array(z.string().regex(/^(?:\*|[A-Z0-9]{1,20}\/[A-Z0-9]{1,9}:[A-Z0-9]{1,9})$/))
      .default(["*"])
      .describe("Symbols that may be traded; * is all."),
    liveNamespaces: z
      .array(z.string().regex(/^(?:\*|[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)$/))
      .default([])
      .describe("Namespaces where environment Live, real money, may be used; * is all."),
  })
  .describe("What the API server refuses.");

const networkPolicy = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe("Whether there are NetworkPolicies; the cluster's network has to enforce them."),
    dns: peers
      .default([
        { namespaceSelector: {}, podSelector: { matchLabels: { "k8s-app": "kube-dns" } } },
        { ipBlock: { cidr: "169.254.0.0/16" } },
      ])
      .describe("Where names are asked for, on port 53."),
    apiServer: z
      .strictObject({
        cidrs: cidrs
          .default(["0.0.0.0/0", "::/0"])
          .describe("Addresses of the API server; narrow them where they are known."),
        ports: ports.default([443, 6443]).describe("Its ports, of the Service and of the server."),
      })
      .describe("What operator and aggregator reach; executors never do."),
    exchange: z
      .strictObject({
        cidrs: cidrs.default(["0.0.0.0/0"]).describe("Addresses of the exchange."),
        except: cidrs
          .default(privateRanges)
          .describe("Addresses of 0.0.0.0/0, where it is one of these, that are not."),
        ports: ports.default([443]).describe("Its ports."),
      })
      .describe("What executors reach."),
    clients: peers
      .default([])
      .describe("Who reaches page and API beside kubectl port-forward, as NetworkPolicy peers."),
    scrapers: peers
      .default([
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } },
      ])
      .describe("Who reads metrics, as NetworkPolicy peers."),
  })
  .describe("Who may speak with whom: nobody with anybody but as said here.");

const metrics = z
  .strictObject({
    interval: z
      .string()
      .regex(/^[0-9]+(?:ms|s|m)$/)
      .default("15s")
      .describe("How often Prometheus asks."),
    labels: labels.default({}).describe("Labels by which a Prometheus finds these objects."),
    serviceMonitor: automatic("ServiceMonitor of the aggregator"),
    podMonitor: automatic("PodMonitor of the operator, and one of executors"),
    prometheusRule: automatic("PrometheusRule with alerts"),
  })
  .describe("For the Prometheus operator.");

export const values = z
  .strictObject({
    global: loose
      .optional()
      .describe("Given by Helm where this chart is a part of another; not read."),
    liveTrading: z
      .boolean()
      .default(false)
      .describe(
        "The master switch: false, and no strategy with environment Live or Demo has an executor.",
      ),
    watchNamespaces: z
      .array(z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/))
      .default([])
      .describe(
        "Namespaces, which exist, with LiveStrategies; empty: the release's. More than one needs clusterWide.",
      ),
    clusterWide: z
      .boolean()
      .default(false)
      .describe(
        "Whether LiveStrategies of all namespaces are looked after, by rights in the whole cluster; executors can run in watchNamespaces.",
      ),
    defaultCredentialsSecret: name
      .min(1)
      .default("scalp-default-credentials")
      .describe(
        "Secret with apiKey, secret and passphrase, beside each strategy that names none; may be absent.",
      ),
    image,
    crds,
    config,
    operator,
    executor,
    aggregator,
    policies,
    networkPolicy,
    metrics,
    demo: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe("Whether there are an emulated exchange and three strategies on it."),
      })
      .describe("Something to see without an exchange account."),
  })
  .describe("Values of the chart scalp-radar.");
