/**
 * The rules of spec.executor: what the API server would refuse of the pod and of the volume that are
 * made from it, said where a person can mend it.
 */

import { z } from "zod";
import { celText, describeRule, hereUnless, matching, type LiveStrategyRule } from "./rule.ts";

const QUANTITY = "^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$";
const LABEL = "([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]";
const DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const LABEL_NAME = `^(${DNS_SUBDOMAIN}/)?${LABEL}$`;
const LABEL_VALUE = `^(${LABEL})?$`;
/** A prefix of 253, a slash, a name of 63. */
const LABEL_NAME_LENGTH_MAX = 317;

const quantity = z.union([z.string(), z.number()]);
const quantityPaths = [
  ["resources", "requests", "cpu"],
  ["resources", "requests", "memory"],
  ["resources", "limits", "cpu"],
  ["resources", "limits", "memory"],
  ["storage", "size"],
];

const isQuantity = (path: ReadonlyArray<string>): LiveStrategyRule =>
  describeRule({
    path: ["spec", "executor", ...path],
    cel: `type(self) == string ? self.matches(${celText(QUANTITY)}) : self >= 0`,
    message: "write a quantity, for example 100m, 0.5, 128Mi or 1Gi",
    reads: quantity,
    broken: (self) =>
      hereUnless(typeof self === "number" ? self >= 0 : new RegExp(QUANTITY).test(self)),
  });

/** Silent unless it is a quantity, about which the rule above speaks. */
const holdsSomething = describeRule({
  path: ["spec", "executor", "storage", "size"],
  cel: `type(self) == string ? !self.matches(${celText(QUANTITY)}) || self.matches('[1-9]') : self != 0`,
  message: "a volume needs a size above 0, for example 1Gi",
  reads: quantity,
  broken: (self) => {
    const text = String(self);
    return hereUnless(!new RegExp(QUANTITY).test(text) || /[1-9]/.test(text));
  },
});

type Fraction = { readonly over: bigint; readonly under: bigint };

const factors: Readonly<Record<string, readonly [times: bigint, parts: bigint]>> = {
  "": [1n, 1n],
  m: [1n, 1_000n],
  k: [10n ** 3n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  T: [10n ** 12n, 1n],
  Ki: [2n ** 10n, 1n],
  Mi: [2n ** 20n, 1n],
  Gi: [2n ** 30n, 1n],
  Ti: [2n ** 40n, 1n],
};

/** Exactly: 0.1 is 100m. */
const fractionOf = (value: string | number): Fraction | undefined => {
  const [, whole, decimals = "", suffix = ""] =
    /^([0-9]+)(?:\.([0-9]+))?([a-zA-Z]*)$/.exec(String(value)) ?? [];
  const factor = factors[suffix];
  if (whole === undefined || factor === undefined) return undefined;
  const [times, parts] = factor;
  const under = 10n ** BigInt(decimals.length) * parts;
  return { over: BigInt(whole + decimals) * times, under };
};

const amounts = z.looseObject({ cpu: quantity.optional(), memory: quantity.optional() });

/** Silent where one of the two is no quantity. */
const requestWithinLimit = (name: "cpu" | "memory"): LiveStrategyRule => {
  const [request, limit] = [`self.requests.${name}`, `self.limits.${name}`];
  const isOne = (field: string) => `string(${field}).matches(${celText(QUANTITY)})`;
  return describeRule({
    path: ["spec", "executor", "resources"],
    cel: [
      `!has(self.requests) || !has(${request}) || !has(self.limits) || !has(${limit})`,
      `!${isOne(request)} || !${isOne(limit)}`,
      `quantity(string(${request})).compareTo(quantity(string(${limit}))) <= 0`,
    ].join(" || "),
    message: `requests.${name} must not be more than limits.${name}: lower the one or raise the other`,
    fieldPath: ["requests", name],
    reads: z.looseObject({ requests: amounts, limits: amounts }),
    broken: ({ requests, limits }) => {
      const [least, most] = [requests[name], limits[name]].map((value) =>
        value === undefined ? undefined : fractionOf(value),
      );
      if (least === undefined || most === undefined) return [];
      return least.over * most.under <= most.over * least.under ? [] : [["requests", name]];
    },
  });
};

const selectsByLabels = describeRule({
  path: ["spec", "executor", "nodeSelector"],
  cel: `self.all(name, name.size() <= ${LABEL_NAME_LENGTH_MAX} && name.matches(${celText(LABEL_NAME)}) && self[name].matches(${celText(LABEL_VALUE)}))`,
  message:
    "write labels of nodes, for example kubernetes.io/arch: arm64, of at most 63 letters, digits, '-', '_' and '.'",
  reads: z.record(z.string(), z.unknown()),
  broken: (self) =>
    Object.entries(self)
      .filter(([name, value]) => !isLabel(name, value))
      .map(([name]) => [name]),
});

const isLabel = (name: string, value: unknown): boolean =>
  Array.from(name).length <= LABEL_NAME_LENGTH_MAX &&
  new RegExp(LABEL_NAME).test(name) &&
  (typeof value !== "string" || new RegExp(LABEL_VALUE).test(value));

export const executorRules: ReadonlyArray<LiveStrategyRule> = [
  ...quantityPaths.map(isQuantity),
  holdsSomething,
  requestWithinLimit("cpu"),
  requestWithinLimit("memory"),
  selectsByLabels,
  matching(
    ["spec", "executor", "storage", "storageClassName"],
    `^(${DNS_SUBDOMAIN})?$`,
    "write the name of a storage class: lower case letters, digits, '-' and '.'",
  ),
];
