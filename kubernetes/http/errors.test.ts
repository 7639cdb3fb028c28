import { expect, test } from "@jest/globals";
import { errorOfEvent, errorOfRefusal } from "./errors.ts";

const status = (fields: object) => JSON.stringify({ kind: "Status", apiVersion: "v1", ...fields });
const tooLarge = {
  message: "Timeout: Too large resource version: 900, current: 7",
  details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large" }] },
};

test.each([
  // Code, body, what it means to a read, and to a write.
  [400, status({ message: "bad" }), "Invalid", "Invalid"],
  [400, "Client sent an HTTP request to an HTTPS server.", "Invalid", "Invalid"],
  [401, status({ message: "Unauthorized" }), "Forbidden", "Forbidden"],
  [403, status({ message: "no" }), "Forbidden", "Forbidden"],
  [404, status({ message: 'pods "x" not found' }), "NotFound", "NotFound"],
  // A kind that is not served, and somebody else's page: neither says that the object is gone.
  [404, "404 page not found\n", "Unavailable", "Unknown"],
  [404, "<html>nginx</html>", "Unavailable", "Unknown"],
  [404, "", "Unavailable", "Unknown"],
  [405, status({ message: "not here" }), "Invalid", "Invalid"],
  [408, "", "Unavailable", "Unknown"],
  [409, status({ reason: "Conflict" }), "Conflict", "Conflict"],
  [409, status({ reason: "AlreadyExists" }), "Conflict", "Conflict"],
  [410, status({ reason: "Expired" }), "Expired", "Expired"],
  [413, "<html>too large</html>", "Invalid", "Invalid"],
  [415, status({}), "Invalid", "Invalid"],
  [422, status({ reason: "Invalid" }), "Invalid", "Invalid"],
  [429, "Too many requests, please try again later.", "TooManyRequests", "TooManyRequests"],
  [500, status({ message: "etcdserver: request timed out" }), "Unavailable", "Unknown"],
  [500, status(tooLarge), "Expired", "Expired"],
  [502, "<html>bad gateway</html>", "Unavailable", "Unknown"],
  [503, status({ message: "apiserver is shutting down" }), "Unavailable", "Unknown"],
  [504, status({ message: "Timeout: request did not complete" }), "Unavailable", "Unknown"],
  [504, status(tooLarge), "Expired", "Expired"],
  [504, status({ message: tooLarge.message }), "Expired", "Expired"],
  [302, "", "Unavailable", "Unknown"],
  [418, "", "Unavailable", "Unknown"],
] as const)("%d with %j is %s to a read and %s to a write", (code, text, read, write) => {
  const refusal = { status: code, retryAfterMs: undefined, text };
  expect(errorOfRefusal("Read", refusal).kind).toBe(read);
  expect(errorOfRefusal("Write", refusal).kind).toBe(write);
});

test("the message is the server's own sentence, or the first words of whatever came", () => {
  const said = status({ message: 'deployments.apps "x" not found' });
  const refusal = { status: 404, retryAfterMs: undefined, text: said };
  expect(errorOfRefusal("Read", refusal).message).toBe('deployments.apps "x" not found');
  const page = { status: 502, retryAfterMs: undefined, text: `<html>\n  ${"a".repeat(500)}` };
  expect(errorOfRefusal("Read", page).message).toBe(
    `the server answered 502: <html> ${"a".repeat(193)}`,
  );
  const silence = { status: 503, retryAfterMs: undefined, text: "" };
  expect(errorOfRefusal("Read", silence).message).toBe("the server answered 503 without a word");
});

test.each([
  ["the header", 3000, status({ details: { retryAfterSeconds: 9 } }), 3000],
  ["the Status", undefined, status({ details: { retryAfterSeconds: 9 } }), 9000],
  ["nobody", undefined, "busy", 1000],
])("a 429 says when to come back: by %s", (_, retryAfterMs, text, expected) => {
  const error = errorOfRefusal("Write", { status: 429, retryAfterMs, text });
  expect(error).toMatchObject({ kind: "TooManyRequests", retryAfterMs: expected });
});

test("an unavailable server may say when to come back", () => {
  const refusal = { status: 503, retryAfterMs: 5000, text: "" };
  expect(errorOfRefusal("Read", refusal)).toMatchObject({ retryAfterMs: 5000 });
  expect(errorOfRefusal("Read", { ...refusal, retryAfterMs: undefined })).not.toHaveProperty(
    "retryAfterMs",
  );
});

test.each([
  [{ kind: "Status", code: 410, reason: "Expired", message: "too old" }, "Expired"],
  [{ kind: "Status", code: 504, ...tooLarge }, "Expired"],
  [{ kind: "Status", code: 500, message: "etcdserver: mvcc: unavailable" }, "Unavailable"],
  [{ kind: "Status", code: 403, message: "no longer" }, "Forbidden"],
  [{ kind: "Status", code: 429, message: "later" }, "TooManyRequests"],
  [{ kind: "Status", message: "without a code" }, "Unavailable"],
  [{ kind: "Pod" }, "Unavailable"],
  [undefined, "Unavailable"],
] as const)("the ERROR event with %j is %s", (object, kind) => {
  expect(errorOfEvent(object).kind).toBe(kind);
});
