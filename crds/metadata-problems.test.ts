/** The words of an API server, recorded: Kubernetes 1.36. tests/cluster asks a real one. */

import { expect, test } from "@jest/globals";
import { addressProblems, metadataProblems } from "./metadata-problems.ts";

const NAME_PART =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const a = (count: number) => "a".repeat(count);

const wordsOf = (metadata: unknown) =>
  metadataProblems({ metadata }).map(({ words }) => words.replace(/^metadata\./, ""));

const refused: ReadonlyArray<readonly [object, ...ReadonlyArray<string>]> = [
  [{}, "name: Required value: name or generateName is required"],
  [{ name: "" }, "name: Required value: name or generateName is required"],
  [{ name: "A" }, `name: Invalid value: "A": ${SUBDOMAIN}`],
  [{ name: "a..b" }, `name: Invalid value: "a..b": ${SUBDOMAIN}`],
  [{ name: a(254) }, `name: Invalid value: "${a(254)}": must be no more than 253 characters`],
  [{ name: "a", namespace: "../b" }, `namespace: Invalid value: "../b": ${LABEL}`],
  [
    { name: "a", namespace: a(64) },
    `namespace: Invalid value: "${a(64)}": must be no more than 63 characters`,
  ],
  [{ name: "a", labels: { "b c": "" } }, `labels: Invalid value: "b c": name part ${NAME_PART}`],
  [
    { name: "a", labels: { "Example.Com/A": "b" } },
    `labels: Invalid value: "Example.Com/A": prefix part ${SUBDOMAIN}`,
  ],
  [{ name: "a", labels: { b: "c d" } }, `labels: Invalid value: "c d": ${LABEL_VALUE}`],
  [
    { name: "a", labels: { "": a(64) } },
    'labels: Invalid value: "": name part must be non-empty',
    `labels: Invalid value: "": name part ${NAME_PART}`,
    `labels: Invalid value: "${a(64)}": must be no more than 63 bytes`,
  ],
  [
    { name: "a", annotations: { [a(64)]: "" } },
    `annotations: Invalid value: "${a(64)}": name part must be no more than 63 bytes`,
  ],
  [
    { name: "a", annotations: { "/b": "" } },
    'annotations: Invalid value: "/b": prefix part must be non-empty',
  ],
  [
    { name: "a", annotations: { [`${a(254)}/b`]: "" } },
    `annotations: Invalid value: "${a(254)}/b": prefix part must be no more than 253 bytes`,
  ],
  [
    { name: "a", annotations: { b: "é".repeat(131_072) } },
    "annotations: Too long: may not be more than 262144 bytes",
  ],
  [
    { name: "a", finalizers: ["b/c/d"] },
    `finalizers: Invalid value: "b/c/d": a valid label key ${NAME_PART} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  ],
];

test.each(refused)("%j is refused in the server's words", (metadata, ...sentences) => {
  expect(wordsOf(metadata)).toEqual(sentences);
});

test.each([
  [{ name: a(253) }],
  [{ name: "a.b", namespace: a(63) }],
  [{ name: "a", labels: { "example.com/A_b.c": a(63), b: "" } }],
  // The key of an annotation is looked at in lower case, its value not at all.
  [{ name: "a", annotations: { "Example.Com/A": "\u0000", b: a(262_000) } }],
  [{ name: "a", finalizers: ["b", "example.com/c"] }],
])("%j passes", (metadata) => {
  expect(wordsOf(metadata)).toEqual([]);
});

test("what has the wrong type is left to the schema, and does not silence the rest", () => {
  const words = wordsOf({ name: 1, labels: { a: 1 }, annotations: "x", finalizers: ["b c"] });
  expect(words).toEqual([`finalizers: Invalid value: "b c": name part ${NAME_PART}`]);
  expect(metadataProblems("x")).toEqual([]);
  expect(metadataProblems({ metadata: "x" })).toEqual([]);
});

test("of what is stored only name and namespace are looked at", () => {
  const metadata = { name: "a", namespace: "b", labels: { "c d": "e f" } };
  expect(addressProblems({ metadata })).toEqual([]);
  expect(addressProblems({ metadata: { ...metadata, namespace: "../c" } })).toHaveLength(1);
});
