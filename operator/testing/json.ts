/** Plain JSON, for tests: looked into, patched (RFC 6902, as far as we use it), and compared. */

import { assert } from "#base/result.ts";
import type { JsonPatch } from "#kubernetes/api.ts";
import { canonicalJson } from "../kube/canonical.ts";

export type Json = Record<string, unknown>;

/** Of a list too: its members are its places. */
export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null;

export const memberOf = (value: unknown, name: string): unknown =>
  isJson(value) && Object.hasOwn(value, name) ? value[name] : undefined;

/** Follows a pointer (RFC 6901); `undefined` where it leads nowhere. */
export const valueAt = (document: unknown, pointer: string): unknown =>
  stepsOf(pointer).reduce(memberOf, document);

const stepsOf = (pointer: string): ReadonlyArray<string> =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

/** A copy with the patch done to it. A patch that does not fit throws. */
export const patched = <T>(document: T, patch: JsonPatch): T => {
  const copy = structuredClone(document);
  for (const operation of patch) {
    const steps = stepsOf(operation.path);
    const parent = steps.slice(0, -1).reduce(memberOf, copy);
    assert(isJson(parent), `${operation.path} has a parent`);
    change(parent, steps.at(-1) ?? "", operation);
  }
  return copy;
};

const change = (parent: Json, step: string, operation: JsonPatch[number]): void => {
  const holder = parent;
  const isThere = Object.hasOwn(holder, step);
  assert(operation.op === "add" || isThere, `${operation.path} is there`);
  if (operation.op === "test") {
    assert(holder[step] === operation.value, `${operation.path} is what it should be`);
  } else if (Array.isArray(holder) && operation.op !== "replace") {
    const index = step === "-" ? holder.length : Number(step);
    if (operation.op === "remove") holder.splice(index, 1);
    else holder.splice(index, 0, operation.value);
  } else if (operation.op === "remove") {
    delete holder[step];
  } else {
    holder[step] = operation.value;
  }
};

/** The same with every list in one order, for those whose order means nothing. */
export const inAnyOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const texts = value.map(inAnyOrder).map(canonicalJson).toSorted();
    return texts.map((text): unknown => JSON.parse(text));
  }
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, inAnyOrder(child)]),
  );
};
