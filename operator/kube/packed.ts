/**
 * A child as it is kept: metadata to look at, and everything else as one text.
 *
 * A Deployment is a hundred small objects and two hundred strings, of which none is read while
 * nothing changes; as one text it takes a quarter of the memory. It is unpacked to be compared, which
 * happens once for each version. Pure.
 */

import type { KubeObject } from "#kubernetes/object.ts";

/** Packing twice is packing once: the very same object comes back. */
export const pack = (object: KubeObject): KubeObject => {
  if (typeof object["packed"] === "string") return object;
  const { apiVersion, kind, metadata, status: _status, ...content } = object;
  return { apiVersion, kind, metadata, packed: JSON.stringify(content) };
};

export const unpack = (object: KubeObject): KubeObject => {
  const { packed, ...rest } = object;
  if (typeof packed !== "string") return object;
  const content: unknown = JSON.parse(packed);
  return typeof content === "object" && content !== null ? { ...content, ...rest } : rest;
};
