/**
 * From an unknown value to a LiveStrategy, or to everything that is wrong with it.
 *
 * The one way in: files, the API server's objects and stored ones all pass here, so that they are
 * refused for the same reasons in the same words. The schema, the rules between fields and the
 * transition from the version in force are all looked at, whatever the others have found.
 */

import { err, ok, type Result } from "#base/result.ts";
import type { z } from "zod";
import { liveStrategySchema } from "./crd.ts";
import { toCrdSchema, type CrdSchema } from "./crd-schema.ts";
import {
  liveStrategy,
  liveStrategyManifest,
  type LiveStrategy,
  type LiveStrategyManifest,
} from "./live-strategy.ts";
import { objectMeta } from "./live-strategy-metadata.ts";
import { liveStrategyRules } from "./live-strategy-rules.ts";

import { checkAgainst, type Checked } from "./check-schema.ts";
import { addressProblems, metadataProblems } from "./metadata-problems.ts";
import { problem, valueText, type Problem } from "./problems.ts";
import { EACH, type LiveStrategyRule, type Path } from "./rule.ts";

type Problems = ReadonlyArray<Problem>;

const metadataSchema = toCrdSchema(objectMeta);
const schemaWith = (metadata: CrdSchema, status: CrdSchema | undefined): CrdSchema => ({
  ...liveStrategySchema,
  properties: { ...liveStrategySchema.properties, metadata, ...(status && { status }) },
});
const ANYTHING: CrdSchema = {};
const manifestSchema = schemaWith(metadataSchema, undefined);
/** Metadata and status are written by machines, of which one may be newer than we are. */
const storedSchema = schemaWith({ ...metadataSchema, additionalProperties: ANYTHING }, ANYTHING);

/** What a person wrote. `inForce` is the version that it replaces, if there is one. */
export const checkManifest = (
  value: unknown,
  inForce?: Pick<LiveStrategyManifest, "spec">,
): Result<LiveStrategyManifest, Problems> => {
  const checked = checkAgainst(manifestSchema, value);
  const problems = [
    ...checked.problems.filter((found) => !isStatusValue(found)),
    ...metadataProblems(checked.value),
  ];
  return judged(liveStrategyManifest, { ...checked, problems }, inForce);
};

/** A status that comes with a manifest is dropped, once its fields have been found to exist. */
const isStatusValue = ({ path, at }: Problem): boolean => path[0] === "status" && at === "value";

/** What is stored. Its labels and the like are the business of whoever stored it. */
export const checkLiveStrategy = (value: unknown): Result<LiveStrategy, Problems> => {
  const checked = checkAgainst(storedSchema, value);
  const problems = [...checked.problems, ...addressProblems(checked.value)];
  return judged(liveStrategy, { ...checked, problems }, undefined);
};

/** The same of one that an API server has let in: in detail, which is slow, only when it has to be. */
export const readLiveStrategy = (value: unknown): Result<LiveStrategy, Problems> => {
  const parsed = liveStrategy.safeParse(value);
  const isSound = parsed.success && brokenRules(value, undefined).length === 0;
  return isSound ? ok(parsed.data) : checkLiveStrategy(value);
};

const judged = <T>(
  type: z.ZodType<T>,
  { value, problems }: Checked,
  inForce: Pick<LiveStrategyManifest, "spec"> | undefined,
): Result<T, Problems> => {
  const found = [...problems, ...brokenRules(value, inForce)];
  if (found.length > 0) return err(found);
  const parsed = type.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  // The schema says all that the type says; should they part, the type has the last word.
  return err(
    parsed.error.issues.map(({ path, message }) =>
      problem(
        path.filter((step) => typeof step !== "symbol"),
        `Invalid value: ${message}`,
      ),
    ),
  );
};

const brokenRules = (value: unknown, inForce: unknown): Problems =>
  liveStrategyRules.flatMap((rule) =>
    nodesAt(value, rule.path).flatMap(({ node, path }) =>
      rule
        .broken(node, inForce === undefined ? undefined : nodeAt(inForce, path))
        .map((culprit) => ruleProblem(rule, node, path, culprit)),
    ),
  );

const ruleProblem = (
  { fieldPath = [], message }: LiveStrategyRule,
  node: unknown,
  path: Path,
  culprit: Path,
): Problem => {
  const shown = typeof node === "object" ? "" : `${valueText(node)}: `;
  const at = [...path, ...culprit];
  const named = [...path, ...fieldPath];
  // The server cannot name a field of metadata; here it can be named.
  const { words } = problem(named.length > 0 ? named : at, `Invalid value: ${shown}${message}`);
  return { path: at, at: "value", words };
};

type NodeAt = { readonly node: unknown; readonly path: Path };

/** The nodes that a rule's path leads to: as many as there are items, none where it breaks off. */
const nodesAt = (root: unknown, path: ReadonlyArray<string>): ReadonlyArray<NodeAt> =>
  path.reduce<ReadonlyArray<NodeAt>>(
    (nodes, step) => nodes.flatMap((parent) => childrenAt(parent, step)),
    [{ node: root, path: [] }],
  );

const childrenAt = ({ node, path }: NodeAt, step: string): ReadonlyArray<NodeAt> => {
  if (step === EACH) {
    const items: ReadonlyArray<unknown> = Array.isArray(node) ? node : [];
    return items.map((item, index) => ({ node: item, path: [...path, index] }));
  }
  const child = fieldOf(node, step);
  return child === undefined ? [] : [{ node: child, path: [...path, step] }];
};

const nodeAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, step) => fieldOf(node, step), root);

const fieldOf = (node: unknown, step: string | number): unknown =>
  typeof node === "object" && node !== null && Object.hasOwn(node, step)
    ? Object.entries(node).find(([name]) => name === String(step))?.[1]
    : undefined;
