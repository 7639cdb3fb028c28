/**
 * What a child that exists has otherwise than it should, field by field, and how to put it right.
 *
 * What we declare must be there as we declare it; what the server and its controllers add is left
 * alone. Server-side apply keeps what others add to a list or a map (a variable, a container, a
 * mount), so `shapes.ts` says what of that is unwanted, and it is taken out by a patch. Pure.
 */

import { assert } from "#base/result.ts";
import type { JsonPatch } from "#kubernetes/api.ts";
import type { KubeObject, Manifest } from "#kubernetes/object.ts";
import { canonicalJson } from "./canonical.ts";
import { childKinds, shapes, type ObjectShape, type Shape } from "./shapes.ts";
import { fitted } from "./volume-claim.ts";

export type Difference = {
  /** As people write it: `spec.template.spec.containers[executor].env[LD_PRELOAD]`. */
  readonly path: string;
  /** Server-side apply puts the first two right, and not the third. */
  readonly kind: "Missing" | "Changed" | "Foreign";
  /** Puts this one right in the object that was compared, while nothing else was moved in it. */
  readonly repair: Operation;
};

type Operation = JsonPatch[number];

export const differences = (desired: Manifest, live: KubeObject): ReadonlyArray<Difference> => {
  const kind = childKinds.find((name) => name === desired.kind);
  assert(kind !== undefined && live.kind === kind, `${desired.kind} is a child that we compare`);
  const isChild = desired.metadata.name === live.metadata.name;
  assert(isChild, `${live.metadata.name} is compared with what is wanted of it`);
  return compareFields(shapes[kind], fitted(desired, live), live, { text: "", pointer: "" });
};

/**
 * The one patch that makes the object as it should be, or nothing if applying is enough. All of it
 * is in it, not only what is foreign: a volume of ours that was turned into another kind of volume
 * has to change and lose its old source at once, and a pod that is put right in two steps is
 * replaced twice. It holds for the very version that was compared.
 */
export const repairOf = (
  found: ReadonlyArray<Difference>,
  { metadata }: KubeObject,
): JsonPatch | undefined => {
  if (found.every(({ kind }) => kind !== "Foreign")) return undefined;
  const repairs = found.map(({ repair }) => repair);
  // Entries are removed last to first, after everything that is found by its place in a list.
  return [
    { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
    ...repairs.filter(({ op }) => op !== "remove"),
    ...repairs.filter(({ op }) => op === "remove").toSorted((a, b) => laterFirst(a.path, b.path)),
  ];
};

const laterFirst = (a: string, b: string): number => {
  const [left, right] = [a.split("/"), b.split("/")];
  const at = left.findIndex((step, index) => step !== right[index]);
  const [x = "", y = ""] = [left[at], right[at]];
  const byPlace = Number(y) - Number(x);
  if (Number.isFinite(byPlace)) return byPlace;
  return x < y ? 1 : -1;
};

type Place = { readonly text: string; readonly pointer: string };
type Fields = Readonly<Record<string, unknown>>;

const compare = (
  shape: Shape,
  desired: unknown,
  live: unknown,
  place: Place,
): ReadonlyArray<Difference> => {
  if (shape.kind === "Object" && isFields(desired) && isFields(live)) {
    return compareFields(shape, desired, live, place);
  }
  if (shape.kind === "Map" && isFields(desired) && isFields(live)) {
    return compareMap(shape.isForeign, desired, live, place);
  }
  if (shape.kind === "List" && isEntries(desired) && isEntries(live)) {
    return compareList(shape, desired, live, place);
  }
  return canonicalJson(desired) === canonicalJson(live) ? [] : [changed(place, desired)];
};

const compareFields = (
  shape: ObjectShape,
  desired: Fields,
  live: Fields,
  place: Place,
): ReadonlyArray<Difference> => {
  const own = Object.entries(desired).flatMap(([name, value]) =>
    compareMember(shape.fields[name] ?? WHOLE, value, live[name], field(place, name)),
  );
  const others = Object.keys(live)
    .filter((name) => !Object.hasOwn(desired, name) && isUnwanted(shape, name))
    .map((name) => foreign(field(place, name)));
  return [...own, ...others];
};

const WHOLE: Shape = { kind: "Whole" };

/** What we never declare, what we do not declare this time, and in a closed object everything. */
const isUnwanted = (shape: ObjectShape, name: string): boolean => {
  if (shape.isClosed || shape.foreign.includes(name)) return true;
  const own = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
  return own !== undefined && (own.kind !== "Map" || own.isForeign(""));
};

const compareMap = (
  isForeign: (name: string) => boolean,
  desired: Fields,
  live: Fields,
  place: Place,
): ReadonlyArray<Difference> => [
  ...Object.entries(desired).flatMap(([name, value]) =>
    compareMember(WHOLE, value, live[name], entry(place, name, name)),
  ),
  ...Object.keys(live)
    .filter((name) => !Object.hasOwn(desired, name) && isForeign(name))
    .map((name) => foreign(entry(place, name, name))),
];

const compareMember = (shape: Shape, desired: unknown, live: unknown, place: Place) =>
  live === undefined ? [missing(place, desired)] : compare(shape, desired, live, place);

/** A list may hold two entries of one key: the later one is as foreign as one of another key. */
const compareList = (
  { keys, item }: Extract<Shape, { kind: "List" }>,
  desired: ReadonlyArray<Fields>,
  live: ReadonlyArray<Fields>,
  place: Place,
): ReadonlyArray<Difference> => {
  const keyOf = (fields: Fields) => keys.map((key) => String(fields[key])).join("/");
  const liveKeys = live.map(keyOf);
  const indexes = desired.map((wanted) => liveKeys.indexOf(keyOf(wanted)));
  const own = desired.flatMap((wanted, position) => {
    const index = indexes[position] ?? -1;
    const at = entry(place, keyOf(wanted), index < 0 ? "-" : String(index));
    return compareMember(item, wanted, live[index], at);
  });
  const others = liveKeys.flatMap((key, index) =>
    indexes.includes(index) ? [] : [foreign(entry(place, key, String(index)))],
  );
  return [...own, ...others];
};

const field = ({ text, pointer }: Place, name: string): Place => ({
  text: text === "" ? name : `${text}.${name}`,
  pointer: `${pointer}/${escaped(name)}`,
});

const entry = ({ text, pointer }: Place, key: string, step: string): Place => ({
  text: `${text}[${key}]`,
  pointer: `${pointer}/${escaped(step)}`,
});

/** RFC 6901. */
const escaped = (step: string): string => step.replaceAll("~", "~0").replaceAll("/", "~1");

const missing = (place: Place, value: unknown): Difference => declared("Missing", place, value);
const changed = (place: Place, value: unknown): Difference => declared("Changed", place, value);

/** Of an object `add` sets a member, whether it was there or not. */
const declared = (
  kind: "Missing" | "Changed",
  { text, pointer }: Place,
  value: unknown,
): Difference => ({ path: text, kind, repair: { op: "add", path: pointer, value } });

const foreign = ({ text, pointer }: Place): Difference => ({
  path: text,
  kind: "Foreign",
  repair: { op: "remove", path: pointer },
});

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isEntries = (value: unknown): value is ReadonlyArray<Fields> =>
  Array.isArray(value) && value.every(isFields);
