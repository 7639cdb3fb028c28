/**
 * State and events as text, exactly: decimals, maps and sets survive the journey.
 *
 * The shapes are private to one schema version of the journal, and each record carries a checksum, so
 * what comes back is what went out; `SCHEMA` grows whenever that stops being true.
 */

import { Big } from "big.js";

/** Version of what is written. A newer one on disk is refused: an older program cannot know it. */
export const SCHEMA = 1;

export const encode = (value: unknown): string => JSON.stringify(toWire(value));

/** The caller names the type that it has written under this schema. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is the point
export const decode = <T>(text: string): T =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see the header
  fromWire(JSON.parse(text)) as T;

const DECIMAL = "$d";
const MAP = "$m";
const SET = "$s";

const toWire = (value: unknown): unknown => {
  if (value instanceof Big) return { [DECIMAL]: value.toFixed() };
  if (value instanceof Map) return { [MAP]: [...value].map(toWire) };
  if (value instanceof Set) return { [SET]: [...value].map(toWire) };
  if (Array.isArray(value)) return value.map(toWire);
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, held]) => [key, toWire(held)]))
    : value;
};

const fromWire = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(fromWire);
  if (!isObject(value)) return value;
  if (typeof value[DECIMAL] === "string") return new Big(value[DECIMAL]);
  if (Array.isArray(value[MAP])) return new Map(value[MAP].map(toPair));
  if (Array.isArray(value[SET])) return new Set(value[SET].map(fromWire));
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, fromWire(held)]));
};

const toPair = (pair: unknown): readonly [unknown, unknown] => {
  const [key, held] = Array.isArray(pair) ? pair.map(fromWire) : [];
  return [key, held];
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
