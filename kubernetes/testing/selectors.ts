/** Label and field selectors, as far as we use them: `a=b`, `a!=b`, `a`, `!a`, joined by commas. */

import { assert } from "#base/result.ts";
import type { Selection } from "../api.ts";
import type { KubeObject } from "../object.ts";

export const isSelected = (
  { metadata }: KubeObject,
  { namespace, labelSelector, fieldSelector }: Selection,
): boolean =>
  (namespace === undefined || namespace === (metadata.namespace ?? "")) &&
  fits(labelSelector, (name) => metadata.labels?.[name]) &&
  fits(fieldSelector, (path) => {
    assert(path === "metadata.name" || path === "metadata.namespace", `${path} can be selected by`);
    return path === "metadata.name" ? metadata.name : (metadata.namespace ?? "");
  });

const fits = (
  selector: string | undefined,
  valueOf: (name: string) => string | undefined,
): boolean =>
  (selector ?? "")
    .split(",")
    .filter((term) => term !== "")
    .every((term) => {
      const [, not, name = "", unequal, wanted] = /^(!?)([^=!]+)(?:(!?)==?(.*))?$/.exec(term) ?? [];
      assert(name !== "", `${term} is a selector that is understood here`);
      const value = valueOf(name.trim());
      if (wanted === undefined) return (value !== undefined) === (not === "");
      return (value === wanted.trim()) === (unequal === "");
    });
