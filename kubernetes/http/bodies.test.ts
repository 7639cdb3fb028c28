import { expect, test } from "@jest/globals";
import { leases, pods } from "../resource.ts";
import { parsePage, parseStored, parseWritten } from "./bodies.ts";

const metadata = { name: "a", namespace: "n", uid: "u", resourceVersion: "7" };
const pod = { apiVersion: "v1", kind: "Pod", metadata };
const page = (fields: object) =>
  JSON.stringify({ kind: "PodList", metadata: { resourceVersion: "9" }, items: [], ...fields });

test("an object is passed on with every field, those that nobody knows included", () => {
  const unknown = { ...pod, spec: { brandNewField: { deep: [1, "2", null] } }, extra: true };
  expect(parseStored(JSON.stringify(unknown), pods)).toEqual(unknown);
});

test("items of a list are given the kind that was asked for where they have none", () => {
  const bare = { metadata, spec: { nodeName: "x" } };
  const listed = parsePage(page({ items: [bare, { ...pod, apiVersion: "v2" }] }), pods);
  expect(listed?.items).toEqual([
    { apiVersion: "v1", kind: "Pod", ...bare },
    { ...pod, apiVersion: "v2" },
  ]);
  const lease = parsePage(page({ items: [bare] }), leases)?.items[0];
  expect(lease).toMatchObject({ apiVersion: "coordination.k8s.io/v1", kind: "Lease" });
});

test.each([
  ["the last page", { resourceVersion: "9" }, undefined],
  ["the last page, said with an empty word", { resourceVersion: "9", continue: "" }, undefined],
  ["one of several", { resourceVersion: "9", continue: "abc" }, "abc"],
])("a page says whether there is more: %s", (_, listMetadata, rest) => {
  const parsed = parsePage(page({ metadata: listMetadata }), pods);
  expect(parsed).toEqual({ items: [], resourceVersion: "9", continue: rest });
});

test("an empty list may be written as null", () => {
  expect(parsePage(page({ items: null }), pods)?.items).toEqual([]);
});

test.each([
  ["nothing", ""],
  ["a page", "<html></html>"],
  ["half of it", JSON.stringify(pod).slice(0, -5)],
  ["null", "null"],
  ["a list", "[]"],
  ["a string", '"ok"'],
  ["an empty object", "{}"],
  ["a Status", '{"kind":"Status","apiVersion":"v1","metadata":{"name":"a"}}'],
  ["no metadata", '{"kind":"Pod","apiVersion":"v1"}'],
])("%s is neither an object nor a page nor the answer to a write", (_, text) => {
  expect(parseStored(text, pods)).toBeUndefined();
  expect(parsePage(text, pods)).toBeUndefined();
  expect(parseWritten(text)).toBeUndefined();
});

test.each(["name", "uid", "resourceVersion"])("an object without %s is not a stored one", (key) => {
  const without = { ...pod, metadata: { ...metadata, [key]: undefined } };
  expect(parseStored(JSON.stringify(without), pods)).toBeUndefined();
  expect(parsePage(page({ items: [pod, without] }), pods)).toBeUndefined();
});

test.each([
  ["no version", { metadata: {} }],
  ["no list", { items: {} }],
  ["no items at all", { items: undefined }],
])("a list with %s is no answer", (_, fields) => {
  expect(parsePage(page(fields), pods)).toBeUndefined();
});

test("a review is answered though it is not stored", () => {
  const review = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    metadata: { creationTimestamp: null },
    status: { authenticated: true },
  };
  expect(parseWritten(JSON.stringify(review))).toEqual(review);
});
