/**
 * From untyped parameters to a reader of known ones, with every problem said at once.
 *
 * Whatever is absent takes its default; whatever is not in the table is refused, because a
 * misspelled parameter that is silently ignored trades with somebody else's value.
 */

import { assert, err, ok, type Result } from "#base/result.ts";
import type { PositionSide } from "#trading/market.ts";
import type { NumberRule, ParameterTable, SidesRule } from "./parameters.ts";

export type ParameterReader<Table extends ParameterTable> = {
  readonly number: (name: NumberName<Table>) => number;
  readonly sides: ReadonlyArray<PositionSide>;
};

type NumberName<Table extends ParameterTable> = {
  readonly [Name in keyof Table]: Table[Name] extends NumberRule ? Name : never;
}[keyof Table] &
  string;

export const parseParameters = <Table extends ParameterTable>(
  table: Table,
  given: Readonly<Record<string, unknown>>,
): Result<ParameterReader<Table>, string> => {
  const problems = unknownNames(table, given);
  const numbers = new Map<string, number>();
  let sides: ReadonlyArray<PositionSide> = [];
  for (const [name, rule] of Object.entries(table)) {
    const value = given[name] === undefined ? rule.default : given[name];
    if (isSidesRule(rule)) {
      if (isSides(value)) sides = [...value];
      else problems.push(`${name} is ${shown(value)}; it must list long, short or both, each once`);
    } else if (isAllowed(rule, value)) numbers.set(name, value);
    else problems.push(`${name} is ${shown(value)}; it must be ${allowed(rule)}`);
  }
  if (problems.length > 0) return err(problems.join("; "));
  const number = (name: string): number => {
    const value = numbers.get(name);
    assert(value !== undefined, `parameter ${name} was parsed`);
    return value;
  };
  return ok({ number, sides });
};

const unknownNames = (table: ParameterTable, given: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(given)
    .filter((name) => !Object.hasOwn(table, name))
    .map((name) => `${name} is no parameter; known are ${Object.keys(table).join(", ")}`);

const isSidesRule = (rule: NumberRule | SidesRule): rule is SidesRule =>
  typeof rule.default !== "number";

const isSides = (value: unknown): value is ReadonlyArray<PositionSide> =>
  Array.isArray(value) &&
  value.length > 0 &&
  new Set(value).size === value.length &&
  value.every((side) => side === "long" || side === "short");

const isAllowed = (rule: NumberRule, value: unknown): value is number =>
  typeof value === "number" &&
  Number.isFinite(value) &&
  (rule.integer !== true || Number.isInteger(value)) &&
  value >= (rule.minimum ?? -Infinity) &&
  value <= (rule.maximum ?? Infinity) &&
  value > (rule.exclusiveMinimum ?? -Infinity) &&
  value < (rule.exclusiveMaximum ?? Infinity);

/** "a whole number, at least 2, at most 50", "a number, above 0". */
const allowed = (rule: NumberRule): string =>
  [
    rule.integer === true ? "a whole number" : "a number",
    ...bound("at least", rule.minimum),
    ...bound("above", rule.exclusiveMinimum),
    ...bound("at most", rule.maximum),
    ...bound("below", rule.exclusiveMaximum),
  ].join(", ");

const bound = (word: string, limit: number | undefined): ReadonlyArray<string> =>
  limit === undefined ? [] : [`${word} ${limit}`];

const SHOWN_LENGTH = 60;

/** As it would look in a manifest, and short: it ends up in a condition and a log. */
const shown = (value: unknown): string => {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return (JSON.stringify(value) ?? typeof value).slice(0, SHOWN_LENGTH);
};
