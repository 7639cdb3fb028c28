/** Every field that we declare, and other values for each, to be tried on a real server. */

import { isJson } from "#operator/testing/json.ts";

export type Field = { readonly pointer: string; readonly value: unknown };

/** All members and entries below the document, the outer ones first. */
export const fieldsOf = (document: unknown, pointer = ""): ReadonlyArray<Field> =>
  isJson(document)
    ? Object.entries(document).flatMap(([name, value]) => {
        const here = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        return [{ pointer: here, value }, ...fieldsOf(value, here)];
      })
    : [];

export const isLeaf = ({ value }: Field): boolean => !isJson(value);

/** What names the object itself. */
export const isAddress = ({ pointer }: Field): boolean =>
  ["/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace"].includes(pointer);

/** Amounts, and words of closed lists, by the field that takes them. */
const others: Readonly<Record<string, ReadonlyArray<string>>> = {
  cpu: ["70m", "3"],
  dnsPolicy: ["Default"],
  effect: ["NoSchedule"],
  fsGroupChangePolicy: ["Always"],
  imagePullPolicy: ["Always"],
  internalTrafficPolicy: ["Local"],
  memory: ["200Mi"],
  operator: ["Equal"],
  protocol: ["UDP"],
  scheme: ["HTTPS"],
  sessionAffinity: ["ClientIP"],
  sizeLimit: ["65Mi"],
  terminationMessagePolicy: ["File"],
  type: ["RollingUpdate", "Unconfined", "NodePort", "LoadBalancer", "ExternalName"],
};

/** Other values, the likeliest to be accepted first. */
export const otherValues = ({ pointer, value }: Field): ReadonlyArray<unknown> => {
  if (typeof value === "boolean") return [!value];
  if (typeof value === "number") return [value + 1];
  const words = others[pointer.split("/").at(-1) ?? ""] ?? [];
  return [...words, `${String(value)}x`, "/other"];
};
