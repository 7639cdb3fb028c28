/**
 * A document held against a schema, as the API server holds it.
 *
 * It is treated as the server treats it: an explicit null counts as absence, defaults are filled in,
 * and what is left is held against the schema. Unknown fields are looked for everywhere, also below
 * a value of the wrong type.
 */

import type { CrdSchema } from "./crd-schema.ts";
import type { Path } from "./rule.ts";
import {
  isInteger,
  isObject,
  nearest,
  pathText,
  problem,
  valueText,
  type Problem,
} from "./problems.ts";

/** The value as the server stores it, and what the server says against it. */
export type Checked = { readonly value: unknown; readonly problems: ReadonlyArray<Problem> };

export const checkAgainst = (schema: CrdSchema, given: unknown): Checked => {
  const value = completed(schema, given);
  const problems = [...problemsOf(schema, value, []), ...unknownFields(schema, value, [])];
  return { value, problems };
};

/** Without nulls where absence is meant, and with the defaults. Wrong types are left as they are. */
const completed = (schema: CrdSchema, value: unknown): unknown => {
  const { items } = schema;
  if (takesAnything(schema)) return value;
  if (isObject(value)) return completedFields(schema, value);
  return Array.isArray(value) && items !== undefined
    ? value.map((item) => completed(items, item))
    : value;
};

const completedFields = (
  { properties = {}, additionalProperties }: CrdSchema,
  value: Readonly<Record<string, unknown>>,
): unknown => {
  const given = Object.entries(value).flatMap(([name, field]) => {
    const child = ownProperty(properties, name) ?? additionalProperties;
    if (child === undefined) return [[name, field] as const];
    return field === null ? [] : [[name, completed(child, field)] as const];
  });
  const present = new Set(given.map(([name]) => name));
  const defaults = Object.entries(properties).flatMap(([name, child]) =>
    present.has(name) || child.default === undefined
      ? []
      : [[name, completed(child, child.default)] as const],
  );
  return Object.fromEntries([...given, ...defaults]);
};

/** A key of the document may be called `constructor`. */
const ownProperty = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

const problemsOf = (schema: CrdSchema, value: unknown, path: Path): ReadonlyArray<Problem> => {
  if (takesAnything(schema)) return [];
  const type = typeOf(value);
  const own = [...choiceProblems(schema, value, path), ...valueProblems(schema, value, path)];
  if (!hasType(schema, value)) return [typeProblem(schema, value, type, path), ...own];
  if (Array.isArray(value)) return [...own, ...itemProblems(schema, value, path)];
  return isObject(value) ? [...own, ...fieldProblems(schema, value, path)] : own;
};

const takesAnything = (schema: CrdSchema): boolean =>
  schema.type === undefined && schema["x-kubernetes-int-or-string"] !== true;

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && isInteger(value) ? "integer" : typeof value;
};

const hasType = (schema: CrdSchema, value: unknown): boolean => {
  const type = typeOf(value);
  if (schema["x-kubernetes-int-or-string"] === true) return type === "integer" || type === "string";
  if (type === schema.type) return true;
  return schema.type === "number" && typeof value === "number" && Number.isFinite(value);
};

const typeProblem = (schema: CrdSchema, value: unknown, type: string, path: Path): Problem => {
  const expected =
    schema["x-kubernetes-int-or-string"] === true ? "integer,string" : (schema.type ?? "");
  const words = `Invalid value: "${type}": ${pathText(path)} in body must be of type ${expected}: "${type}"`;
  return problem(path, words, typeRemedy(schema, value));
};

const typeRemedy = (schema: CrdSchema, value: unknown): string | undefined => {
  const { type } = schema;
  if (schema["x-kubernetes-int-or-string"] === true) return "write it in quotes";
  if (type === "boolean") return "write true or false";
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) {
    return "write it without quotes";
  }
  if (type === "integer" && typeof value === "number") return "write a whole number";
  return type === "string" && typeof value !== "object" ? "write it in quotes" : undefined;
};

const choiceProblems = (
  { enum: supported }: CrdSchema,
  value: unknown,
  path: Path,
): ReadonlyArray<Problem> => {
  if (supported === undefined || supported.some((choice) => choice === value)) return [];
  const choices = supported.map(valueText).join(", ");
  return [problem(path, `Unsupported value: ${valueText(value)}: supported values: ${choices}`)];
};

/** The limits that a schema sets to one value, in the order in which the server names them. */
const valueProblems = (schema: CrdSchema, value: unknown, path: Path): ReadonlyArray<Problem> => {
  const found: Problem[] = [];
  const refuse = (words: string) => found.push(problem(path, words));
  const name = `${pathText(path)} in body`;
  if (typeof value === "string") {
    for (const words of stringLimits(schema, value, name)) refuse(words);
  }
  if (typeof value === "number") {
    for (const words of numberLimits(schema, value, name)) refuse(words);
  }
  if (Array.isArray(value)) {
    for (const words of listLimits(schema, value.length, name)) refuse(words);
  }
  const { maxProperties } = schema;
  if (isObject(value) && maxProperties !== undefined) {
    const count = Object.keys(value).length;
    if (count > maxProperties) {
      refuse(`Too many: ${count}: must have at most ${maxProperties} items`);
    }
  }
  return found;
};

const stringLimits = (schema: CrdSchema, value: string, name: string): ReadonlyArray<string> => {
  const { format, minLength = 0, maxLength = Infinity } = schema;
  const found: string[] = [];
  const shown = valueText(value);
  const { length } = Array.from(value);
  if (length > maxLength) found.push(`Too long: may not be more than ${maxLength} bytes`);
  if (length < minLength) {
    found.push(`Invalid value: ${shown}: ${name} should be at least ${minLength} chars long`);
  }
  if (format === "uri" && !URL.canParse(value)) {
    found.push(`Invalid value: ${shown}: ${name} must be of type uri: ${shown}`);
  }
  return found;
};

const numberLimits = (schema: CrdSchema, value: number, name: string): ReadonlyArray<string> => {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum } = schema;
  if (!Number.isFinite(value)) return [];
  const say = (relation: string, bound: number) =>
    `Invalid value: ${valueText(value)}: ${name} should be ${relation} ${bound}`;
  if (exclusiveMaximum === true && value >= maximum) return [say("less than", maximum)];
  if (value > maximum) return [say("less than or equal to", maximum)];
  if (exclusiveMinimum === true && value <= minimum) return [say("greater than", minimum)];
  return value < minimum ? [say("greater than or equal to", minimum)] : [];
};

const listLimits = (schema: CrdSchema, count: number, name: string): ReadonlyArray<string> => {
  const { minItems = 0, maxItems = Infinity } = schema;
  if (count > maxItems) return [`Too many: ${count}: must have at most ${maxItems} items`];
  return count < minItems
    ? [`Invalid value: ${count}: ${name} should have at least ${minItems} items`]
    : [];
};

const itemProblems = (
  schema: CrdSchema,
  items: ReadonlyArray<unknown>,
  path: Path,
): ReadonlyArray<Problem> => {
  const { items: item } = schema;
  const found = items.flatMap((value, index) =>
    item === undefined ? [] : problemsOf(item, value, [...path, index]),
  );
  if (schema["x-kubernetes-list-type"] !== "set") return found;
  // Named once each, however often it is there.
  const repeated = items.flatMap((value, index) =>
    items.slice(0, index).filter((earlier) => earlier === value).length === 1
      ? [problem([...path, index], `Duplicate value: ${valueText(value)}`)]
      : [],
  );
  return [...found, ...repeated];
};

const fieldProblems = (
  schema: CrdSchema,
  value: Readonly<Record<string, unknown>>,
  path: Path,
): ReadonlyArray<Problem> => {
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => problem([...path, name], "Required value", meaning(properties[name])));
  const found = Object.entries(value).flatMap(([name, field]) => {
    const child = ownProperty(properties, name) ?? additionalProperties;
    return child === undefined ? [] : problemsOf(child, field, [...path, name]);
  });
  return [...missing, ...found];
};

const meaning = (schema: CrdSchema | undefined): string | undefined =>
  schema?.enum === undefined ? schema?.description : `one of ${schema.enum.join(", ")}`;

/** Below what has no schema, every field is unknown. */
const NOTHING_KNOWN: CrdSchema = { type: "object" };

const unknownFields = (schema: CrdSchema, value: unknown, path: Path): ReadonlyArray<Problem> => {
  if (takesAnything(schema)) return [];
  if (Array.isArray(value)) {
    const { items = NOTHING_KNOWN } = schema;
    return value.flatMap((item, index) => unknownFields(items, item, [...path, index]));
  }
  if (!isObject(value)) return [];
  const { properties = {}, additionalProperties } = schema;
  return Object.entries(value).flatMap(([name, field]) => {
    const child = ownProperty(properties, name) ?? additionalProperties;
    const at = [...path, name];
    return child === undefined
      ? [unknownField(at, Object.keys(properties))]
      : unknownFields(child, field, at);
  });
};

const unknownField = (path: Path, known: ReadonlyArray<string>): Problem => {
  const name = String(path.at(-1));
  const meant = nearest(name, known);
  const others = known.length === 0 ? "no field belongs here" : `known are ${known.join(", ")}`;
  const remedy = meant === undefined ? others : `did you mean ${meant}?`;
  const words = `strict decoding error: unknown field "${pathText(path)}"`;
  return { path, at: "key", words: `${words} (${remedy})` };
};
