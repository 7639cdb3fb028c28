/**
 * Checked reading of what somebody else sent.
 *
 * Every reader throws a sentence that names the field, so that one bad field spoils the whole answer:
 * an answer with a hole in it is no answer. Numbers must be plain decimals; an id that came as a JSON
 * number has lost digits by the time it is read, so only text is an id.
 */

import { Big } from "big.js";
import { millis, type Millis } from "#base/clock.ts";

export type Row = Readonly<Record<string, unknown>>;

export const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const toRow = (value: unknown, what: string): Row => {
  if (!isRow(value)) throw new Error(`${what} is ${show(value)}, not an object`);
  return value;
};

export const toRows = (value: unknown, what: string): ReadonlyArray<Row> => {
  if (!Array.isArray(value)) throw new Error(`${what} is ${show(value)}, not a list`);
  return value.map((row: unknown, index) => toRow(row, `${what}[${index}]`));
};

export const text = (row: Row, field: string): string => {
  const value = row[field];
  if (typeof value === "string" && value !== "") return value;
  return refuse(field, value, "text");
};

/** For names that an exchange leaves out when there is none. */
export const textOrEmpty = (row: Row, field: string): string => {
  const value = row[field] ?? "";
  return typeof value === "string" ? value : refuse(field, value, "text");
};

export const oneOf = <T extends string>(row: Row, field: string, allowed: ReadonlyArray<T>): T => {
  const value = row[field];
  const found = allowed.find((name) => name === value);
  return found ?? refuse(field, value, `one of ${allowed.join(", ")}`);
};

export const decimal = (row: Row, field: string): Big => toDecimal(row[field], field);

export const positive = (row: Row, field: string): Big => {
  const value = decimal(row, field);
  return value.gt(0) ? value : refuse(field, row[field], "a positive number");
};

export const notNegative = (row: Row, field: string): Big => {
  const value = decimal(row, field);
  return value.gte(0) ? value : refuse(field, row[field], "a number of at least zero");
};

export const wholeNumber = (row: Row, field: string): number => {
  const value = positive(row, field);
  return value.eq(value.round(0, Big.roundDown))
    ? value.toNumber()
    : refuse(field, row[field], "whole");
};

export const instant = (row: Row, field: string): Millis => toInstant(row[field], field);

export const toInstant = (value: unknown, field: string): Millis => {
  const number = typeof value === "string" && /^\d{13}$/.test(value) ? Number(value) : value;
  // Thirteen digits are the years 2001 to 2286: seconds and microseconds do not pass for milliseconds.
  const inRange = typeof number === "number" && number >= 1e12 && number < 1e13;
  return inRange && Number.isInteger(number)
    ? millis(number)
    : refuse(field, value, "an instant in milliseconds");
};

export const toDecimal = (value: unknown, field: string): Big => {
  if (typeof value === "string" && /^-?\d{1,30}(?:\.\d{1,30})?$/.test(value)) return new Big(value);
  if (typeof value === "number" && Number.isFinite(value)) return new Big(value);
  return refuse(field, value, "a number");
};

const refuse = (field: string, value: unknown, wanted: string): never => {
  throw new Error(`field ${field} is ${show(value)}, not ${wanted}`);
};

const LONGEST_SHOWN = 40;

/** Enough of a value to find it again, never the whole of what a stranger sent. */
const show = (value: unknown): string => {
  const shown = value === undefined ? "missing" : (JSON.stringify(value) ?? typeof value);
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown;
};
