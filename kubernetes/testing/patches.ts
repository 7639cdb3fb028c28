/** The two patch formats of the API server, on plain JSON: RFC 7386 and the four operations of RFC 6902. */

import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "#base/result.ts";
import type { JsonPatch } from "../api.ts";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7386: null removes, objects merge, everything else replaces. */
export const mergePatched = (target: unknown, patch: unknown): unknown => {
  if (!isFields(patch)) return patch;
  const merged: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatched(merged[name], value);
  }
  return merged;
};

/** RFC 6902, all of it or nothing. */
export const jsonPatched = (target: unknown, patch: JsonPatch): Result<unknown, string> => {
  // The document is a field of what holds it, so that the empty path is no case of its own.
  const root: Record<string, unknown> = { "": JSON.parse(JSON.stringify(target)) };
  for (const operation of patch) {
    const tokens = operation.path.split("/").map(unescaped);
    const holder = tokens.slice(0, -1).reduce<unknown>(childOf, root);
    const problem = operate(holder, tokens.at(-1) ?? "", operation);
    if (problem !== undefined) return err(`${operation.op} ${operation.path}: ${problem}`);
  }
  return ok(root[""]);
};

const unescaped = (token: string): string => token.replaceAll("~1", "/").replaceAll("~0", "~");

const childOf = (holder: unknown, token: string): unknown => {
  if (Array.isArray(holder)) return holder[Number(token)];
  return isFields(holder) ? holder[token] : undefined;
};

/** Changes `holder`, or says why that cannot be. */
const operate = (
  holder: unknown,
  token: string,
  operation: JsonPatch[number],
): string | undefined => {
  if (Array.isArray(holder)) return operateOnList(holder, token, operation);
  if (!isFields(holder)) return "no such path";
  const fields: Record<string, unknown> = holder;
  if (operation.op === "add") {
    fields[token] = operation.value;
    return undefined;
  }
  if (!(token in fields)) return "no such path";
  if (operation.op === "test") return difference(fields[token], operation.value);
  if (operation.op === "remove") delete fields[token];
  else fields[token] = operation.value;
  return undefined;
};

const operateOnList = (
  list: unknown[],
  token: string,
  operation: JsonPatch[number],
): string | undefined => {
  const isAdd = operation.op === "add";
  const index = isAdd && token === "-" ? list.length : Number(token);
  if (!(index >= 0 && index < list.length + (isAdd ? 1 : 0))) return "no such index";
  if (operation.op === "test") return difference(list[index], operation.value);
  if (operation.op === "remove") list.splice(index, 1);
  else list.splice(index, isAdd ? 0 : 1, operation.value);
  return undefined;
};

const difference = (found: unknown, wanted: unknown): string | undefined =>
  isDeepStrictEqual(found, wanted) ? undefined : "differs";
