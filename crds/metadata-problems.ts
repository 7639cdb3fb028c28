/**
 * What the API server says against an object's metadata, which it checks by itself.
 *
 * No schema of ours can say it, so these are its rules for names, labels, annotations and
 * finalizers, in its words. Types are the schema's business: what has the wrong one is left alone.
 */

import { z } from "zod";
import { isObject, problem, valueText, type Problem } from "./problems.ts";

type Problems = ReadonlyArray<Problem>;

const texts = z.record(z.string(), z.string());
/** Each field by itself, so that one of the wrong type does not silence the others. */
const address = z.object({
  name: z.unknown().optional(),
  namespace: z.unknown().optional(),
});
const attached = z.object({
  labels: texts.catch({}),
  annotations: texts.catch({}),
  finalizers: z.array(z.string()).catch([]),
});

const NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const PART_LENGTH_MAX = 63;
const SUBDOMAIN_LENGTH_MAX = 253;
const ANNOTATIONS_BYTES_MAX = 262_144;

export const metadataProblems = (value: unknown): Problems => {
  const read = attached.safeParse(metadataOf(value));
  if (!read.success) return [];
  const { labels, annotations, finalizers } = read.data;
  return [
    ...addressProblems(value),
    ...labelProblems(labels),
    ...annotationProblems(annotations),
    ...finalizers.flatMap((finalizer) =>
      said(["metadata", "finalizers"], finalizer, qualifiedNameFaults(finalizer)),
    ),
  ];
};

/** Name and namespace become parts of paths and addresses. */
export const addressProblems = (value: unknown): Problems => {
  const read = address.safeParse(metadataOf(value));
  if (!read.success) return [];
  const { name, namespace } = read.data;
  return [
    ...nameProblems(name),
    ...(typeof namespace === "string"
      ? said(["metadata", "namespace"], namespace, labelFaults(namespace))
      : []),
  ];
};

const metadataOf = (value: unknown): unknown =>
  isObject(value) ? (value["metadata"] ?? {}) : undefined;

const nameProblems = (name: unknown): Problems => {
  const path = ["metadata", "name"];
  if (name === undefined || name === "") {
    return [problem(path, "Required value: name or generateName is required")];
  }
  return typeof name === "string" ? said(path, name, subdomainFaults(name, "characters")) : [];
};

const said = (
  path: ReadonlyArray<string>,
  value: string,
  faults: ReadonlyArray<string>,
): Problems => faults.map((words) => problem(path, `Invalid value: ${valueText(value)}: ${words}`));

const labelProblems = (labels: z.infer<typeof texts>): Problems =>
  Object.entries(labels).flatMap(([name, value]) => [
    ...said(["metadata", "labels"], name, qualifiedNameFaults(name)),
    ...said(["metadata", "labels"], value, labelValueFaults(value)),
  ]);

const annotationProblems = (annotations: z.infer<typeof texts>): Problems => {
  const path = ["metadata", "annotations"];
  const entries = Object.entries(annotations);
  const bytes = entries.reduce((sum, [name, value]) => sum + bytesOf(name) + bytesOf(value), 0);
  return [
    ...entries.flatMap(([name]) => said(path, name, qualifiedNameFaults(name.toLowerCase()))),
    ...(bytes > ANNOTATIONS_BYTES_MAX
      ? [problem(path, `Too long: may not be more than ${ANNOTATIONS_BYTES_MAX} bytes`)]
      : []),
  ];
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

const matchesAll = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern}$`).test(text);

type Unit = "bytes" | "characters";
const tooLong = (text: string, lengthMax: number, unit: Unit): ReadonlyArray<string> =>
  bytesOf(text) > lengthMax ? [`must be no more than ${lengthMax} ${unit}`] : [];

/** `name` or `prefix/name`. */
const qualifiedNameFaults = (text: string): ReadonlyArray<string> => {
  const [first = "", second, ...more] = text.split("/");
  if (more.length > 0) {
    return [
      `a valid label key ${namePartWords} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (second === undefined) return namePartFaults(first);
  const prefix = first === "" ? ["must be non-empty"] : subdomainFaults(first, "bytes");
  return [...prefix.map((words) => `prefix part ${words}`), ...namePartFaults(second)];
};

const namePartWords = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_PART}')`;

const namePartFaults = (name: string): ReadonlyArray<string> => [
  ...(name === "" ? ["name part must be non-empty"] : []),
  ...tooLong(name, PART_LENGTH_MAX, "bytes").map((words) => `name part ${words}`),
  ...(matchesAll(NAME_PART, name) ? [] : [`name part ${namePartWords}`]),
];

const labelValueFaults = (value: string): ReadonlyArray<string> => [
  ...tooLong(value, PART_LENGTH_MAX, "bytes"),
  ...(matchesAll(`(${NAME_PART})?`, value)
    ? []
    : [
        `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME_PART})?')`,
      ]),
];

const subdomainFaults = (text: string, unit: Unit): ReadonlyArray<string> => [
  ...tooLong(text, SUBDOMAIN_LENGTH_MAX, unit),
  ...(matchesAll(DNS_SUBDOMAIN, text)
    ? []
    : [
        `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${DNS_SUBDOMAIN}')`,
      ]),
];

const labelFaults = (text: string): ReadonlyArray<string> => [
  ...tooLong(text, PART_LENGTH_MAX, "characters"),
  ...(matchesAll(DNS_LABEL, text)
    ? []
    : [
        `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${DNS_LABEL}')`,
      ]),
];
