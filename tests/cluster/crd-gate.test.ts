/**
 * The gate: what a real API server accepts as a LiveStrategy, what it refuses, in which words; and our
 * own check beside it, which must say the same of every case.
 *
 * Two things no rule here can refuse. `exchange.id` is immutable, but has one value as yet. A
 * `resetAt` in the future is accepted: neither a schema nor a policy has a clock. The executor has
 * one, and lets such a reset wait for its time (`trading/kill-switch.ts`).
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EACH } from "#crds/rule.ts";
import { liveStrategyRules } from "#crds/live-strategy-rules.ts";
import { checkManifest } from "#crds/live-strategy-check.ts";
import { parseYaml } from "#runtime/yaml.ts";
import { z } from "zod";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import { schemaCases, type CrdCase } from "./crd-cases.ts";
import { acceptedCases, ruleCases, transitions } from "./crd-rule-cases.ts";
import { edited, manifest, type Edit } from "./manifests.ts";
import {
  askToCreate,
  askToReplace,
  disagreement,
  LIVE_STRATEGIES,
  localSentences,
  UNCHECKED,
  type Verdict,
} from "./verdicts.ts";

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await installCrd(plane);
  await plane.kubectl(["create", "namespace", "trading"]);
}, 120_000);
afterAll(() => plane.close());

const inWords = ({ edits }: CrdCase): string =>
  edits.map(([path, value]) => `${path} = ${JSON.stringify(value)?.slice(0, 60)}`).join(", ");

const rows = (cases: ReadonlyArray<CrdCase>) => cases.map((one) => [inWords(one), one] as const);

/** Status.message, made of its sentences. */
const messageOf = ({ sentences, isWhole, status }: Verdict, name: string): string => {
  if (status < 300) return "";
  if (status === 400) {
    return `LiveStrategy in version "v1alpha1" cannot be handled as a LiveStrategy: ${sentences.join(", ")}`;
  }
  const all = isWhole ? sentences : [...sentences, UNCHECKED];
  const list = all.length === 1 ? all.join("") : `[${all.join(", ")}]`;
  return `LiveStrategy.scalpradar.io "${name}" is invalid: ${list}`;
};

const nameOf = (document: unknown): string =>
  z.object({ metadata: z.object({ name: z.string().default("") }) }).parse(document).metadata.name;

const bothSay = async ({ edits, sentences }: CrdCase) => {
  const sent = edited(edits);
  const server = await askToCreate(plane.call, sent);
  expect(server.sentences.toSorted()).toEqual(sentences.toSorted());
  expect(server.message).toBe(messageOf(server, nameOf(sent)));
  expect(disagreement(server, localSentences(sent))).toBeUndefined();
};

test.each(rows(schemaCases))("the schema refuses %s", (_, one) => bothSay(one));

test.each(rows(ruleCases))("a rule refuses %s", (_, one) => bothSay(one));

test.each(rows(acceptedCases))("accepted is %s", (_, one) => bothSay(one));

test("there are more than a hundred refusals, and half as many that look like them and pass", () => {
  const refusals = [...schemaCases, ...ruleCases];
  expect(refusals.length).toBeGreaterThan(150);
  expect(acceptedCases.length).toBeGreaterThan(50);
  expect(refusals.filter(({ sentences }) => sentences.length === 0)).toEqual([]);
  expect(acceptedCases.filter(({ sentences }) => sentences.length > 0)).toEqual([]);
});

test("every rule is broken by some case, at its place", () => {
  const said = [...ruleCases, ...transitions].flatMap(({ sentences }) =>
    sentences.map((sentence) => sentence.replaceAll(/\[\d+\]/g, `.${EACH}`)),
  );
  const unbroken = liveStrategyRules.filter(({ path, fieldPath = [], message }) => {
    const place = [...path, ...fieldPath].join(".") || "<nil>";
    return !said.some((words) => words.startsWith(`${place}: `) && words.endsWith(message));
  });
  expect(unbroken.map(({ path }) => path.join("."))).toEqual(["spec.exchange.id"]);
});

test.each(
  transitions.map((one) => [inWords({ ...one, edits: one.from }), inWords(one), one] as const),
)("what exists with %j meets %j", async (_, __, { from, edits, sentences }) => {
  const name = `moving-${transitions.findIndex((one) => one.from === from && one.edits === edits)}`;
  const before = edited([...from, ["metadata.name", name]]);
  const created = await plane.call("POST", LIVE_STRATEGIES, before);
  expect(created.status).toBe(201);
  const { resourceVersion } = stored.parse(created.body).metadata;
  const after = edited([...edits, ["metadata.resourceVersion", resourceVersion]], before);
  const server = await askToReplace(plane.call, name, after);
  expect(server.sentences).toEqual(sentences);
  const inForce = checkManifest(before);
  expect(inForce.ok).toBe(true);
  const local = localSentences(after, inForce.ok ? inForce.value : undefined);
  expect(disagreement(server, local)).toBeUndefined();
});

const stored = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

test("the documented patch resets the kill switch, and a strategy can be told to go flat", async () => {
  await plane.call("POST", LIVE_STRATEGIES, edited([["metadata.name", "patched"]]));
  const patches = [
    { spec: { killSwitch: { resetAt: "2026-11-21T10:00:00Z" } } },
    { spec: { desiredState: "Flat" } },
  ];
  for (const patch of patches) {
    const args = ["patch", "lstrat", "patched", "--namespace=trading", "--type=merge"];
    const { stdout } = await plane.kubectl([...args, `--patch=${JSON.stringify(patch)}`]);
    expect(stdout).toBe("livestrategy.scalpradar.io/patched patched\n");
  }
  const { body } = await plane.call("GET", `${LIVE_STRATEGIES}/patched`);
  expect(body).toMatchObject({
    spec: { killSwitch: { resetAt: "2026-11-21T10:00:00Z" }, desiredState: "Flat" },
  });
});

test("kubectl apply says everything that is wrong at once, a sentence a line", async () => {
  const wrong: ReadonlyArray<Edit> = [
    ["metadata.name", "1-grid"],
    ["spec.assets.0.symbol", "BTCUSDT"],
    ["spec.exchange.environment", "Live"],
    ["spec.assets.1.gridBoltrend", {}],
  ];
  const { code, stderr } = await plane.kubectl(["apply", "--filename=-"], {
    input: JSON.stringify(edited(wrong)),
  });
  expect(code).toBe(1);
  const [heading, ...lines] = stderr.trim().split("\n");
  expect(heading).toBe('The LiveStrategy "1-grid" is invalid: ');
  expect(lines.toSorted()).toEqual([
    "* <nil>: Invalid value: a strategy's name must be at most 40 lower case letters, digits and '-', starting with a letter: a Service is named after it",
    "* spec.assets: Invalid value: put the overrides of an asset into the block that is named after strategy.kind, as the strategy's own",
    '* spec.assets[0].symbol: Invalid value: "BTCUSDT": write the unified ccxt symbol of a perpetual, for example BTC/USDT:USDT',
    "* spec.exchange: Invalid value: environment Live places orders with real money: set acknowledgeRealMoney: true",
  ]);
});

/** What a parsed document cannot hold is sent as text. */
const asText = (text: string) =>
  plane.kubectl(
    ["create", `--raw=${LIVE_STRATEGIES}?dryRun=All&fieldValidation=Strict`, "-f", "-"],
    {
      input: text,
    },
  );

test("a key that is written twice is refused, here with its line", async () => {
  const twice = JSON.stringify(manifest).replace('"leverage":7', '"leverage":7,"leverage":70');
  const { stderr } = await asText(twice);
  expect(stderr).toContain('strict decoding error: duplicate field "spec.leverage"');
  const local = parseYaml(twice);
  expect(local.ok ? [] : local.error.map(({ words }) => words)).toEqual([
    'YAML: key "leverage" already set in map',
  ]);
});

/** Which numbers a text may hold, and what kubectl prints of the server's answer. */
const numbers: ReadonlyArray<readonly [number: string, answer: string]> = [
  ["7.0", ""],
  ["70e-1", ""],
  ["-0", "Invalid value: 0: spec.leverage in body should be greater than or equal to 1"],
  [
    "9223372036854775807",
    "Invalid value: 9223372036854775807: spec.leverage in body should be less",
  ],
  [
    "9223372036854775808",
    "Invalid value: 9.223372036854776e+18: spec.leverage in body should be less",
  ],
  ["1e400", "json: cannot unmarshal number 1e400 into Go value of type float64"],
  ["07", "json parse error: invalid character '7'"],
  ["NaN", "json parse error: invalid character 'N'"],
];

test.each(numbers)(
  "a leverage that is written %s passes both checks or neither",
  async (number, answer) => {
    const text = JSON.stringify(manifest).replace('"leverage":7', `"leverage":${number}`);
    const { code, stderr } = await asText(text);
    expect(stderr).toContain(answer);
    expect(code === 0).toBe(answer === "");
    const read = parseYaml(text);
    const isAccepted = read.ok && read.value.every(({ value }) => checkManifest(value).ok);
    expect(isAccepted).toBe(answer === "");
  },
);

test("a document that is too big is refused without being read", async () => {
  const { status, body } = await plane.call(
    "POST",
    LIVE_STRATEGIES,
    edited([["metadata.annotations", { note: "x".repeat(4 * 1024 * 1024) }]]),
  );
  expect(status).toBe(413);
  expect(body).toMatchObject({ message: "Request entity too large: limit is 3145728" });
});
