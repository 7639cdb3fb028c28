/**
 * One thing that is wrong with a document, in the API server's own words.
 *
 * The same words on one machine and in a cluster mean that a manifest is refused for the same reason
 * in both. The server is written in Go, so values are printed as Go prints them. Where its words do
 * not say what to do, a remedy in parentheses follows them.
 */

import type { Path } from "./rule.ts";

export type Problem = {
  readonly path: Path;
  /** Whether the key is at fault or its value. A missing field is at its parent's key. */
  readonly at: "key" | "value";
  readonly words: string;
};

/** A problem with a value, named by its path as the server names it. */
export const problem = (path: Path, words: string, remedy?: string): Problem => ({
  path,
  at: "value",
  words: `${pathText(path)}: ${words}${remedy === undefined ? "" : ` (${remedy})`}`,
});

/** `spec.assets[0].symbol` */
export const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`,
    "",
  );

/** As the server prints a value that it refuses. */
export const valueText = (value: unknown): string => {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "number") return jsonText(value);
  if (isInteger(value)) return String(value);
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 6) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
};

/** Go's %q: what does not show is written as an escape. */
const quoted = (text: string): string => {
  const shown = Array.from(text.toWellFormed(), (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character) ? character : escaped(character);
  });
  return `"${shown.join("")}"`;
};

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code > 0xffff) return `\\U${hex.padStart(8, "0")}`;
  const long = code < 0x80 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
  return ESCAPES[character] ?? long;
};

/** Go's JSON: keys in order, and nothing that could end a script. */
const jsonText = (value: unknown): string => {
  const ordered = (_: string, node: unknown) => (isObject(node) ? inOrder(node) : node);
  const text = JSON.stringify(value, ordered) ?? "null";
  return text.replaceAll(/[<>&\u2028\u2029]/g, (one) => {
    const hex = one.charCodeAt(0).toString(16);
    return `\\u${hex.padStart(4, "0")}`;
  });
};

const inOrder = (node: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(node).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** JSON numbers without a fraction are 64-bit integers to the server, larger ones are floats. */
export const isInteger = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value) < 2 ** 63;

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Nobody means a longer name, and comparing takes time. */
const NAME_LENGTH_MAX = 64;

/** The name that was probably meant, if one is close enough. Spelling of `a_b` and `aB` is equal. */
export const nearest = (name: string, known: ReadonlyArray<string>): string | undefined => {
  if (name.length > NAME_LENGTH_MAX) return undefined;
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const given = plain(name);
  const editsTo = (candidate: string) =>
    given.length > 3 && candidate.includes(given) ? 1 : editDistance(given, candidate);
  const [best] = known
    .map((candidate) => ({ candidate, edits: editsTo(plain(candidate)) }))
    .filter(({ edits }) => edits <= Math.max(1, Math.floor(given.length / 3)))
    .toSorted((one, other) => one.edits - other.edits);
  return best?.candidate;
};

/** Letters inserted, left out, replaced, or swapped with their neighbour, counted row by row. */
const editDistance = (a: string, b: string): number => {
  let above: ReadonlyArray<number> = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (above[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    above = row;
    row = next;
  }
  return row.at(-1) ?? 0;
};
