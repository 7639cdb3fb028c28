/**
 * The chart's policies on what a LiveStrategy may ask for: leverage, symbols, real money.
 *
 * A change of their parameters acts some moments after it was written: what is waited for is an answer
 * that only the new ones give. `status.typeChecking` comes from the controller that reads policies: an
 * expression that it warns of would fail when it is needed.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { RELEASE, setParameters, type PolicyParameters } from "./identities.ts";
import type { Edit } from "./manifests.ts";
import {
  denied,
  generous,
  MERGE,
  onlyEther,
  small,
  startPolicyWorld,
  type PolicyWorld,
} from "./policy-world.ts";
import { until } from "./until.ts";
import { LIVE_STRATEGIES } from "./verdicts.ts";

const POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const PATIENCE_MS = 60_000;

const live: ReadonlyArray<Edit> = [
  ["spec.exchange.environment", "Live"],
  ["spec.exchange.acknowledgeRealMoney", true],
];
/** What is there before the policies are, some of it beyond what they allow afterwards. */
const existing = {
  running: live,
  "high-off": [onlyEther, ["spec.enabled", false]],
  "bitcoin-off": [small, ["spec.liveEligible", false]],
  "live-off": [onlyEther, small, ...live, ["spec.enabled", false]],
  "high-flat": [onlyEther, ["spec.desiredState", "Flat"]],
} as const satisfies Readonly<Record<string, ReadonlyArray<Edit>>>;

let world: PolicyWorld;
beforeAll(async () => {
  world = await startPolicyWorld(existing);
}, 120_000);
afterAll(() => world.close());

const strict: PolicyParameters = {
  maxLeverage: "5",
  allowedSymbols: " ETH/USDT:USDT,,SOL/USDT:USDT ",
  liveNamespaces: "live-a,live-b",
};

/** Resolves when what has been written is what the server judges by. */
const judgeBy = async (parameters: PolicyParameters, leverage: number, answer: string) => {
  await setParameters(world.plane, parameters);
  await until("the parameters are in force", async () =>
    (await world.ask([onlyEther, ["spec.leverage", leverage]])).message.endsWith(answer),
  );
};
const leverageTooHigh = (leverage: number) =>
  `spec.leverage ${leverage} is more than the 5 that this installation allows: lower spec.leverage, or have policies.maxLeverage raised`;
const symbolsRefused = (symbols: string) =>
  `spec.assets lists ${symbols}, and this installation allows only ETH/USDT:USDT, SOL/USDT:USDT: remove it from spec.assets, or have it added to policies.allowedSymbols`;
const liveRefused =
  "spec.exchange.environment Live is real money, and this installation allows it only in live-a, live-b, not in namespace trading: use Demo or Emulator, or have the namespace added to policies.liveNamespaces";

type Row = readonly [words: string, edits: ReadonlyArray<Edit>, policy?: string, refusal?: string];
const creations: ReadonlyArray<Row> = [
  ["what fits", [onlyEther, small]],
  ["the least leverage", [onlyEther, ["spec.leverage", 1]]],
  [
    "one more than the most",
    [onlyEther, ["spec.leverage", 6]],
    "maximum-leverage",
    leverageTooHigh(6),
  ],
  ["a symbol that is not listed", [small], "allowed-symbols", symbolsRefused("BTC/USDT:USDT")],
  [
    "two that are not",
    [small, ["spec.assets.1.symbol", "XRP/USDT:USDT"]],
    "allowed-symbols",
    symbolsRefused("BTC/USDT:USDT, XRP/USDT:USDT"),
  ],
  ["Demo anywhere", [onlyEther, small, ["spec.exchange.environment", "Demo"]]],
  ["Live where it is not allowed", [onlyEther, small, ...live], "live-namespaces", liveRefused],
  [
    "Live, on paper at first",
    [onlyEther, small, ...live, ["spec.liveEligible", false]],
    "live-namespaces",
    liveRefused,
  ],
];

test(
  "what is new has to fit",
  async () => {
    await judgeBy(strict, 20, leverageTooHigh(20));
    for (const [words, edits, policy, refusal] of creations) {
      const { message } = await world.ask(edits);
      const expected =
        policy === undefined
          ? ""
          : denied({ policy, name: "grid-atr", words: String(refusal), binding: "-create" });
      expect([words, message]).toEqual([words, expected]);
    }
  },
  PATIENCE_MS,
);

type Change = readonly [name: string, spec: object, policy?: string, refusal?: string];
const changes: ReadonlyArray<Change> = [
  // Beyond all three, and running: it may go on, shrink and end.
  ["running", { desiredState: "Flat" }],
  ["running", { desiredState: "Reducing" }],
  ["running", { killSwitch: { resetAt: "2026-11-21T10:00:00Z" } }],
  ["running", { leverage: 6 }],
  ["running", { assets: [{ symbol: "BTC/USDT:USDT" }] }],
  ["running", { enabled: false }],
  ["running", { liveEligible: false }],
  ["running", { onStop: "Flatten", strategy: { gridAtr: { slPercent: 5 } } }],
  // It may not grow.
  ["running", { leverage: 8 }, "maximum-leverage", leverageTooHigh(8)],
  [
    "running",
    { assets: [{ symbol: "BTC/USDT:USDT" }, { symbol: "XRP/USDT:USDT" }] },
    "allowed-symbols",
    symbolsRefused("XRP/USDT:USDT"),
  ],
  ["modest", { leverage: 6 }, "maximum-leverage", leverageTooHigh(6)],
  ["modest", { leverage: 3, assets: [{ symbol: "SOL/USDT:USDT" }] }],
  // Nor may what is beyond them be switched on.
  ["high-off", { enabled: true }, "maximum-leverage", leverageTooHigh(7)],
  ["high-off", { enabled: true, leverage: 5 }],
  ["high-off", { leverage: 6 }],
  ["high-flat", { desiredState: "Trading" }, "maximum-leverage", leverageTooHigh(7)],
  ["high-flat", { desiredState: "Reducing" }],
  ["bitcoin-off", { liveEligible: true }, "allowed-symbols", symbolsRefused("BTC/USDT:USDT")],
  ["bitcoin-off", { enabled: false }],
  ["live-off", { enabled: true }, "live-namespaces", liveRefused],
  ["live-off", { leverage: 4 }],
];

test(
  "what exists may go on and be reduced, and may not grow or be switched on beyond them",
  async () => {
    await judgeBy(strict, 20, leverageTooHigh(20));
    for (const [name, spec, policy, refusal] of changes) {
      const { message } = await world.patchAs("admin", { spec }, name);
      const expected =
        policy === undefined
          ? ""
          : denied({ policy, name, words: String(refusal), binding: "-update" });
      expect([name, spec, message]).toEqual([name, spec, expected]);
    }
  },
  PATIENCE_MS,
);

test(
  "a strategy beyond them can be finalized and deleted",
  async () => {
    await judgeBy(strict, 20, leverageTooHigh(20));
    await world.create("leaving", [
      onlyEther,
      small,
      ["metadata.finalizers", ["scalpradar.io/executor"]],
    ]);
    await judgeBy({ ...strict, maxLeverage: "1" }, 4, leverageTooHigh(4).replace("the 5", "the 1"));
    const path = `${LIVE_STRATEGIES}/leaving`;
    expect((await world.plane.call("DELETE", path)).status).toBe(200);
    const released = { metadata: { finalizers: null } };
    const answer = await world.callAs("operator")("PATCH", path, released, MERGE);
    expect(answer.status).toBe(200);
    expect((await world.plane.call("GET", path)).status).toBe(404);
  },
  PATIENCE_MS,
);

test(
  "lists of a star allow everything",
  async () => {
    await judgeBy({ ...generous, maxLeverage: "19" }, 20, "have policies.maxLeverage raised");
    expect((await world.ask([...live, ["spec.assets.0.symbol", "XRP/USDT:USDT"]])).message).toBe(
      "",
    );
  },
  PATIENCE_MS,
);

const empty = [
  [
    { maxLeverage: "ten", allowedSymbols: "*", liveNamespaces: "*" },
    [],
    "maximum-leverage",
    'policies.maxLeverage is "ten", so no spec.leverage is allowed: have policies.maxLeverage set to a whole number',
  ],
  [
    { allowedSymbols: "*" },
    [],
    "maximum-leverage",
    'policies.maxLeverage is "", so no spec.leverage is allowed: have policies.maxLeverage set to a whole number',
  ],
  [
    { maxLeverage: "20", allowedSymbols: "" },
    [],
    "allowed-symbols",
    "spec.assets lists BTC/USDT:USDT, ETH/USDT:USDT, and this installation allows no symbol: remove it from spec.assets, or have it added to policies.allowedSymbols",
  ],
  [
    { maxLeverage: "20", allowedSymbols: "*" },
    live,
    "live-namespaces",
    "spec.exchange.environment Live is real money, and this installation allows it nowhere, not in namespace trading: use Demo or Emulator, or have the namespace added to policies.liveNamespaces",
  ],
] as const satisfies ReadonlyArray<
  readonly [PolicyParameters, ReadonlyArray<Edit>, string, string]
>;

test.each(empty)(
  "%j allows nothing by mistake",
  async (parameters, edits, policy, words) => {
    await setParameters(world.plane, generous);
    await until("everything is allowed", async () => (await world.ask(live)).message === "");
    await setParameters(world.plane, parameters);
    const refusal = denied({ policy, name: "grid-atr", words, binding: "-create" });
    await until(refusal, async () => (await world.ask(edits)).message === refusal);
    expect(
      (await world.patchAs("admin", { spec: { desiredState: "Flat" } }, "running")).message,
    ).toBe("");
  },
  PATIENCE_MS,
);

test(
  "without the ConfigMap nothing new is created, and what exists can be stopped",
  async () => {
    const path = `/api/v1/namespaces/${RELEASE}/configmaps/scalp-radar-policies`;
    expect((await world.plane.call("DELETE", path)).status).toBe(200);
    const words =
      "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    await until("creation is refused", async () => (await world.ask([])).message.endsWith(words));
    const stops = [
      { spec: { desiredState: "Flat" } },
      { spec: { enabled: false } },
      { spec: { killSwitch: { resetAt: "2026-11-21T10:00:00Z" } } },
      { metadata: { finalizers: [] } },
    ];
    for (const patch of stops) {
      expect((await world.patchAs("admin", patch, "running")).message).toBe("");
    }
    await setParameters(world.plane, generous);
    await until("creation is possible again", async () => (await world.ask([])).message === "");
  },
  PATIENCE_MS,
);

const policyList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z
        .object({
          typeChecking: z
            .object({ expressionWarnings: z.array(z.unknown()).optional() })
            .optional(),
        })
        .optional(),
    }),
  ),
});

/** A name for each that the controller has read, with the number of its warnings. */
const warnings = async (): Promise<Readonly<Record<string, number>>> => {
  const { items } = policyList.parse((await world.plane.call("GET", POLICIES)).body);
  return Object.fromEntries(
    items.flatMap(({ metadata: { name }, status }) =>
      status?.typeChecking === undefined
        ? []
        : [[name, status.typeChecking.expressionWarnings?.length ?? 0] as const],
    ),
  );
};

test(
  "the expressions fit the types of what they read; one that does not is warned of",
  async () => {
    const planted = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: "planted" },
      spec: {
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ["scalpradar.io"],
              apiVersions: ["v1alpha1"],
              operations: ["UPDATE"],
              resources: ["livestrategies"],
            },
          ],
        },
        validations: [{ expression: "object.spec.leverag > 1" }],
      },
    };
    await world.plane.call("POST", POLICIES, planted);
    await until("all are checked", async () => Object.keys(await warnings()).length === 6);
    expect(await warnings()).toEqual({
      "scalp-radar-aggregator-writes": 0,
      "scalp-radar-allowed-symbols": 0,
      "scalp-radar-live-namespaces": 0,
      "scalp-radar-maximum-leverage": 0,
      "scalp-radar-operator-writes": 0,
      planted: 1,
    });
  },
  PATIENCE_MS,
);
