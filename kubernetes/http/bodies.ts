/**
 * The server's JSON as objects of the port, parsed once and looked at just far enough.
 *
 * What is an object is decided by the metadata that generic machinery works with; all else is passed
 * on untouched, unknown fields included. Anything else that comes with a 2xx (a page, half an
 * answer, JSON of something else) is no answer.
 */

import type { Page } from "../api.ts";
import type { KubeObject } from "../object.ts";
import type { Resource } from "../resource.ts";
import { parseJson } from "./errors.ts";

type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object that is stored, as reads and watches give it. */
export const toStored = (
  value: unknown,
  { apiVersion, kind }: Resource,
): KubeObject | undefined => {
  if (!isFields(value)) return undefined;
  // Items of a list have neither where the kind is built in.
  const complete = value["kind"] === undefined ? { apiVersion, kind, ...value } : value;
  return isStored(complete) ? complete : undefined;
};

/** What the type says of the rest of the metadata is the server's schema. */
const isStored = (value: Fields): value is KubeObject => {
  const metadata = value["metadata"];
  if (!isWritten(value) || !isFields(metadata)) return false;
  const { name, uid, resourceVersion } = metadata;
  return [name, uid, resourceVersion].every((field) => typeof field === "string");
};

/** A review (of a token, of an access) is answered and never stored: it alone has no uid. */
const isWritten = (value: Fields): value is KubeObject =>
  isFields(value["metadata"]) &&
  typeof value["apiVersion"] === "string" &&
  typeof value["kind"] === "string" &&
  value["kind"] !== "Status";

export const parseStored = (text: string, resource: Resource): KubeObject | undefined =>
  toStored(parseJson(text), resource);

export const parseWritten = (text: string): KubeObject | undefined => {
  const value = parseJson(text);
  return isFields(value) && isWritten(value) ? value : undefined;
};

/** Any object, as the answer to a deletion is. */
export const parseObject = (text: string): Fields | undefined => {
  const value = parseJson(text);
  return isFields(value) ? value : undefined;
};

export const parsePage = (text: string, resource: Resource): Page | undefined => {
  const value = parseJson(text);
  if (!isFields(value) || !isFields(value["metadata"])) return undefined;
  const { resourceVersion, continue: rest } = value["metadata"];
  // Go writes an empty list as null.
  const listed: unknown = value["items"] ?? [];
  if (typeof resourceVersion !== "string" || !Array.isArray(listed)) return undefined;
  if (!("items" in value)) return undefined;
  const items: KubeObject[] = [];
  for (const item of listed) {
    const object = toStored(item, resource);
    if (object === undefined) return undefined;
    items.push(object);
  }
  const isLast = typeof rest !== "string" || rest === "";
  return { items, resourceVersion, continue: isLast ? undefined : rest };
};
