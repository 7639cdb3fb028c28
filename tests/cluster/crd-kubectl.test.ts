/**
 * What people see of LiveStrategies through kubectl, and that what the server serves is what the file
 * says: no rule, bound or description is lost on the way.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { CrdSchema } from "#crds/crd-schema.ts";
import { parseYaml } from "#runtime/yaml.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { edited, type Edit } from "./manifests.ts";
import { until } from "./until.ts";
import { LIVE_STRATEGIES } from "./verdicts.ts";

const FILE = join(import.meta.dirname, "../../crds/scalpradar.io_livestrategies.yaml");
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const OPENAPI = "/openapi/v3/apis/scalpradar.io/v1alpha1";
const KEY = "io.scalpradar.v1alpha1.LiveStrategy";

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  // As people do it, which leaves the whole of it in an annotation.
  const applied = await plane.kubectl(["apply", `--filename=${FILE}`]);
  expect(applied.stderr).toBe("");
  await until("LiveStrategies are described", async () => {
    const { status, body } = await plane.call("GET", OPENAPI);
    return status === 200 && JSON.stringify(body).includes(KEY);
  });
  await plane.kubectl(["create", "namespace", "trading"]);
  const wanted = [
    { name: "btc-grid", edits: [["spec.exchange.environment", "Demo"]] },
    { name: "paper-grid", edits: [["spec.liveEligible", false]] },
    {
      name: "trend",
      edits: [
        ["spec.strategy", { kind: "grid_boltrend", gridBoltrend: {} }],
        ["spec.enabled", false],
      ],
    },
  ] satisfies ReadonlyArray<{ name: string; edits: ReadonlyArray<Edit> }>;
  for (const { name, edits } of wanted) {
    const document = edited([...edits, ["metadata.name", name]]);
    expect((await plane.call("POST", LIVE_STRATEGIES, document)).status).toBe(201);
  }
}, 120_000);
afterAll(() => plane.close());

const kubectl = async (...args: ReadonlyArray<string>): Promise<string> => {
  const { code, stdout, stderr } = await plane.kubectl([...args, "--namespace=trading"]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
};

type Crd = z.infer<typeof crd>;
const crd = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    names: z.looseObject({}),
    versions: z.tuple([
      z.looseObject({
        schema: z.object({ openAPIV3Schema: z.custom<CrdSchema>() }),
        additionalPrinterColumns: z.array(z.looseObject({})),
        selectableFields: z.array(z.looseObject({})),
      }),
    ]),
  }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) })
    .optional(),
});

const fromFile = (): Crd => {
  const read = parseYaml(readFileSync(FILE, "utf8"));
  return crd.parse(read.ok ? read.value[0]?.value : undefined);
};
const fromServer = async (): Promise<Crd> =>
  crd.parse((await plane.call("GET", `${CRD}/livestrategies.scalpradar.io`)).body);

/** Every node below the properties, by its path. */
const nodesOf = (schema: CrdSchema, path: string): ReadonlyArray<readonly [string, CrdSchema]> => [
  [path, schema],
  ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    nodesOf(child, path === "" ? name : `${path}.${name}`),
  ),
  ...(schema.items === undefined ? [] : nodesOf(schema.items, `${path}[]`)),
  ...(schema.additionalProperties === undefined
    ? []
    : nodesOf(schema.additionalProperties, `${path}{}`)),
];

test("the server serves the very schema, columns and selectors of the file", async () => {
  const [ours] = fromFile().spec.versions;
  const [served] = (await fromServer()).spec.versions;
  expect(served).toEqual(ours);
  const rules = nodesOf(served.schema.openAPIV3Schema, "").flatMap(
    ([, node]) => node["x-kubernetes-validations"] ?? [],
  );
  expect(rules.length).toBeGreaterThan(20);
});

test("who compares the file with the server, as a GitOps tool does, finds no difference", async () => {
  expect(await kubectl("diff", `--filename=${FILE}`)).toBe("");
});

test("it is established under all its names, and structural", async () => {
  const { status, spec } = await fromServer();
  const conditions = status?.conditions.map((one) => `${one.type}=${one.status}`) ?? [];
  expect(conditions.toSorted()).toEqual(["Established=True", "NamesAccepted=True"]);
  expect(spec.names).toEqual(fromFile().spec.names);
});

test("applied as a file it leaves room in the annotation that kubectl keeps it in", async () => {
  const { metadata } = await fromServer();
  const kept = z
    .looseObject({ "kubectl.kubernetes.io/last-applied-configuration": z.string() })
    .parse(metadata["annotations"]);
  const bytes = Buffer.byteLength(kept["kubectl.kubernetes.io/last-applied-configuration"]);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(256 * 1024);
});

test("the server reckons what the rules cost: without the bound on assets it refuses them", async () => {
  const text = JSON.stringify(fromFile());
  expect(text).toContain('"maxItems":60');
  const dear: unknown = JSON.parse(text.replace('"maxItems":60', '"maxItems":6000'));
  const { status, body } = await plane.call(
    "PUT",
    `${CRD}/livestrategies.scalpradar.io?dryRun=All`,
    {
      ...crd.parse(dear),
      metadata: (await fromServer()).metadata,
    },
  );
  expect(status).toBe(422);
  expect(JSON.stringify(body)).toContain("estimated rule cost exceeds budget");
});

const described = z.record(
  z.string(),
  z.custom<CrdSchema & { readonly allOf?: ReadonlyArray<object> }>(),
);

test("every field at every depth is described where kubectl explain looks", async () => {
  const { body } = await plane.call("GET", OPENAPI);
  const { components } = z.object({ components: z.object({ schemas: described }) }).parse(body);
  const schema = components.schemas[KEY];
  expect(schema).toBeDefined();
  const nodes = nodesOf(schema ?? {}, "");
  expect(nodes.length).toBeGreaterThan(140);
  const silent = nodes.filter(([, { description = "" }]) => !/^\S.{3,}\.?$/s.test(description));
  expect(silent.map(([path]) => path)).toEqual([]);
});

test("kubectl explain --recursive lists exactly the fields of the file", async () => {
  const [, list = ""] = (await kubectl("explain", "livestrategies", "--recursive")).split(
    "FIELDS:\n",
  );
  const open: string[] = [];
  const paths = list.split("\n").flatMap((line) => {
    const [, indent = "", name] = /^( +)(\S+)\t</.exec(line) ?? [];
    if (name === undefined) return [];
    open.splice(indent.length / 2 - 1, Infinity, name);
    return [open.join(".")];
  });
  const [version] = fromFile().spec.versions;
  const ours = nodesOf(version.schema.openAPIV3Schema, "").map(([path]) => path);
  const named = ours.filter((path) => /\w$/.test(path)).map((path) => path.replaceAll("[]", ""));
  expect(paths.filter((path) => !path.startsWith("metadata.")).toSorted()).toEqual(
    named.toSorted(),
  );
});

test("kubectl explain tells what the reset of a kill switch means", async () => {
  const said = await kubectl("explain", "livestrategies.spec.killSwitch.resetAt");
  expect(said.replaceAll(/\s+/g, " ").trim()).toBe(
    "GROUP: scalpradar.io KIND: LiveStrategy VERSION: v1alpha1 FIELD: resetAt <string> DESCRIPTION: RFC 3339 timestamp. Releases a trip that happened before this instant and never a later one.",
  );
});

const status = {
  observedGeneration: 1,
  conditions: [
    {
      type: "Ready",
      status: "True",
      reason: "Trading",
      message: "Entries may be sent.",
      lastTransitionTime: "2026-11-21T10:00:00Z",
    },
    {
      type: "KillSwitchEngaged",
      status: "False",
      reason: "Resting",
      message: "",
      lastTransitionTime: "2026-11-21T10:00:00Z",
    },
  ],
  account: { uid: "4711" },
  executor: { url: "http://btc-grid.trading.svc:8080" },
  summary: {
    mode: "Demo",
    symbols: "BTC/USDT:USDT",
    position: "long 0.012",
    netProfitDay: "+8.21 USDT",
    drawdown: "3.4%",
  },
};

/** Columns are apart by two blanks at least; a value may hold one. */
const table = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/).map((cell) => cell.replace(/^\d+[ms]\S*$/, "AGE")));

test("kubectl get shows the state of a strategy, and -o wide what is behind it", async () => {
  const patch = JSON.stringify({ status });
  await kubectl(
    "patch",
    "lstrat",
    "btc-grid",
    "--subresource=status",
    "--type=merge",
    `-p=${patch}`,
  );
  const cells = [
    ["NAME", "btc-grid"],
    ["STRATEGY", "grid_atr"],
    ["SYMBOLS", "BTC/USDT:USDT"],
    ["MODE", "Demo"],
    ["READY", "True"],
    ["STATUS", "Trading"],
    ["POSITION", "long 0.012"],
    ["PNL-DAY", "+8.21 USDT"],
    ["DRAWDOWN", "3.4%"],
    ["AGE", "AGE"],
  ];
  const more = [
    ["ACCOUNT", "4711"],
    ["LEVERAGE", "7"],
    ["EXECUTOR", "http://btc-grid.trading.svc:8080"],
    ["KILL-SWITCH", "False"],
    ["MESSAGE", "Entries may be sent."],
  ];
  const columns = (pairs: ReadonlyArray<ReadonlyArray<string>>) =>
    [0, 1].map((row) => pairs.map((pair) => pair[row]));
  expect(table(await kubectl("get", "lstrat", "btc-grid"))).toEqual(columns(cells));
  expect(table(await kubectl("get", "lstrat", "btc-grid", "-o=wide"))).toEqual(
    columns([...cells, ...more]),
  );
});

test("a strategy that nobody has looked at yet shows no state, and no error", async () => {
  const [, row] = table(await kubectl("get", "livestrategy", "paper-grid"));
  expect(row).toEqual(["paper-grid", "grid_atr", "AGE"]);
});

test.each(["livestrategies", "livestrategy", "lstrat", "livestrategies.v1alpha1.scalpradar.io"])(
  "kubectl knows them as %s",
  async (name) => {
    expect(await kubectl("get", name, "-o=name")).toBe(
      ["btc-grid", "paper-grid", "trend"]
        .map((one) => `livestrategy.scalpradar.io/${one}\n`)
        .join(""),
    );
  },
);

test("kubectl get scalp shows everything of ours", async () => {
  expect(await kubectl("get", "scalp", "-o=name")).toContain("livestrategy.scalpradar.io/trend\n");
});

test.each([
  ["spec.exchange.environment=Demo", ["btc-grid"]],
  ["spec.exchange.environment!=Demo", ["paper-grid", "trend"]],
  ["spec.strategy.kind=grid_boltrend", ["trend"]],
  ["spec.enabled=false", ["trend"]],
  ["spec.liveEligible=true,spec.enabled=true", ["btc-grid"]],
  ["spec.exchange.environment=Live", []],
])("the server selects by %s", async (selector, names) => {
  const found = await kubectl("get", "lstrat", `--field-selector=${selector}`, "-o=name");
  expect(found).toBe(names.map((one) => `livestrategy.scalpradar.io/${one}\n`).join(""));
});

test("kubectl wait follows the conditions", async () => {
  const waited = await kubectl("wait", "--for=condition=Ready", "lstrat/btc-grid", "--timeout=20s");
  expect(waited).toBe("livestrategy.scalpradar.io/btc-grid condition met\n");
});
