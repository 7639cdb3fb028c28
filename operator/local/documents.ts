/** Files of YAML documents, and the lines by which people find what is wrong in them. */

import { readFileSync, statSync } from "node:fs";
import { err, ok, type Result } from "#base/result.ts";
import type { Problem } from "#crds/problems.ts";
import { parseYaml, type Position, type YamlDocument } from "#runtime/yaml.ts";

/** `file:line:column  words`. */
export type Lines = ReadonlyArray<string>;

/** More are of no use to anybody who mends a file from top to bottom. */
const LINES_MAX = 100;

/** The documents of a file that say something. */
export const readDocuments = (path: string): Result<ReadonlyArray<YamlDocument>, Lines> => {
  const text = readText(path);
  if (!text.ok) return err([`${path}: cannot be read: ${text.error}`]);
  const parsed = parseYaml(text.value);
  if (parsed.ok) return ok(parsed.value.filter(({ value }) => value !== null));
  return err(
    parsed.error.slice(0, LINES_MAX).map(({ position, words }) => lineAt(path, position, words)),
  );
};

/** In the order in which they are written. */
export const linesOf = (
  path: string,
  { locate }: Pick<YamlDocument, "locate">,
  problems: ReadonlyArray<Problem>,
): Lines =>
  problems
    .slice(0, LINES_MAX)
    .map((found) => ({ position: locate(found.path, found.at), words: found.words }))
    .toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
    .map(({ position, words }) => lineAt(path, position, words));

export const lineAt = (path: string, { line, column }: Position, words: string): string =>
  `${path}:${line}:${column}  ${words}`;

const readText = (path: string): Result<string, string> => {
  try {
    return statSync(path).isFile() ? ok(readFileSync(path, "utf8")) : err("it is not a file");
  } catch (error) {
    return err(reasonOf(error));
  }
};

export const reasonOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error
    ? String(error.message)
    : String(error);
