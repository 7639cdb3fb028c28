/**
 * The CustomResourceDefinition of LiveStrategy, generated from its schema and its rules.
 *
 * The YAML is committed and a test fails when it differs. It is installed by kubectl, Helm or plain
 * HTTP, never through a typed client, which drops every `x-kubernetes` key and with it every rule.
 */

import { z } from "zod";
import { assert } from "#base/result.ts";
import { toCrdSchema, type CrdRule, type CrdSchema } from "./crd-schema.ts";
import { API_GROUP, API_VERSION, LIVE_STRATEGY, liveStrategySpec } from "./live-strategy.ts";
import { liveStrategyRules } from "./live-strategy-rules.ts";
import { EACH, type LiveStrategyRule } from "./rule.ts";
import { liveStrategyStatus } from "./live-strategy-status.ts";

const resource = z
  .strictObject({
    apiVersion: z.string().optional().describe(`Version of this schema: ${API_VERSION}.`),
    kind: z.string().optional().describe(`Kind of this object: ${LIVE_STRATEGY}.`),
    metadata: z.strictObject({}).optional(),
    spec: liveStrategySpec,
    status: liveStrategyStatus.optional(),
  })
  .describe("LiveStrategy runs one trading strategy on one exchange account in one executor.");

/** The schema of the whole resource without its rules: what files are checked against. */
export const liveStrategySchema: CrdSchema = toCrdSchema(resource);

const readyColumn = (field: string) => `.status.conditions[?(@.type=="Ready")].${field}`;
const summaryColumn = (field: string) => `.status.summary.${field}`;

/** Those of priority 1 are shown by `-o wide` only; the message is long and comes last. */
const printerColumns = [
  { name: "Strategy", type: "string", jsonPath: ".spec.strategy.kind" },
  { name: "Symbols", type: "string", jsonPath: summaryColumn("symbols") },
  { name: "Mode", type: "string", jsonPath: summaryColumn("mode") },
  { name: "Ready", type: "string", jsonPath: readyColumn("status") },
  { name: "Status", type: "string", jsonPath: readyColumn("reason") },
  { name: "Position", type: "string", jsonPath: summaryColumn("position") },
  {
    name: "PnL-Day",
    type: "string",
    jsonPath: summaryColumn("netProfitDay"),
    description: "Net profit since 00:00 UTC, in the quote currency.",
  },
  { name: "Drawdown", type: "string", jsonPath: summaryColumn("drawdown") },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Account", type: "string", jsonPath: ".status.account.uid", priority: 1 },
  { name: "Leverage", type: "integer", jsonPath: ".spec.leverage", priority: 1 },
  { name: "Executor", type: "string", jsonPath: ".status.executor.url", priority: 1 },
  {
    name: "Kill-Switch",
    type: "string",
    jsonPath: '.status.conditions[?(@.type=="KillSwitchEngaged")].status',
    priority: 1,
  },
  { name: "Message", type: "string", jsonPath: readyColumn("message"), priority: 1 },
];

export const customResourceDefinition = () => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `livestrategies.${API_GROUP}` },
  spec: {
    group: API_GROUP,
    scope: "Namespaced",
    names: {
      kind: LIVE_STRATEGY,
      listKind: `${LIVE_STRATEGY}List`,
      plural: "livestrategies",
      singular: "livestrategy",
      shortNames: ["lstrat"],
      categories: ["scalp"],
    },
    versions: [
      {
        name: API_VERSION.slice(API_GROUP.length + 1),
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [
          { jsonPath: ".spec.strategy.kind" },
          { jsonPath: ".spec.exchange.environment" },
          { jsonPath: ".spec.enabled" },
          { jsonPath: ".spec.liveEligible" },
        ],
        additionalPrinterColumns: printerColumns,
        schema: {
          openAPIV3Schema: liveStrategyRules.reduce(
            (schema, rule) => withRule(schema, rule.path, toCrdRule(rule)),
            liveStrategySchema,
          ),
        },
      },
    ],
  },
});

const toCrdRule = ({ cel, message, fieldPath }: LiveStrategyRule): CrdRule => ({
  rule: cel,
  message,
  ...(fieldPath && { fieldPath: `.${fieldPath.join(".")}` }),
});

/** The schema with the rule on the node that the path leads to. */
const withRule = (schema: CrdSchema, path: ReadonlyArray<string>, rule: CrdRule): CrdSchema => {
  const [step, ...rest] = path;
  if (step === undefined) {
    const rules = schema["x-kubernetes-validations"] ?? [];
    return { ...schema, "x-kubernetes-validations": [...rules, rule] };
  }
  const child = step === EACH ? schema.items : schema.properties?.[step];
  assert(child !== undefined, `a rule speaks about a field that exists: ${step}`);
  const ruled = withRule(child, rest, rule);
  return step === EACH
    ? { ...schema, items: ruled }
    : { ...schema, properties: { ...schema.properties, [step]: ruled } };
};
