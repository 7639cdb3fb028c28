import { afterAll, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { createCredentials, fileCredentials, fixedCredentials } from "./credentials.ts";

const root = mkdtempSync(join(tmpdir(), "credentials-"));
afterAll(() => rmSync(root, { recursive: true }));

const start = (answers: ReadonlyArray<Result<string, string>>) => {
  const clock = createVirtualTime(millis(0), 1);
  const reads: boolean[] = [];
  const credentials = createCredentials({ clock }, (isRefused) => {
    const answer = answers[reads.push(isRefused) - 1] ?? err("asked too often");
    return Promise.resolve(answer);
  });
  return { clock, reads, credentials };
};

test("a header is made once a minute", async () => {
  const { clock, reads, credentials } = start([ok("one"), ok("two")]);
  expect(await credentials.authorization()).toEqual(ok("one"));
  await clock.runUntil(millis(59_999));
  expect(await credentials.authorization()).toEqual(ok("one"));
  await clock.runUntil(millis(60_000));
  expect(await credentials.authorization()).toEqual(ok("two"));
  expect(reads).toEqual([false, false]);
});

test("and at once when the server refuses it", async () => {
  const { reads, credentials } = start([ok("one"), ok("two")]);
  await credentials.authorization();
  expect(await credentials.authorization("one")).toEqual(ok("two"));
  // Others were refused with the same one, and find it replaced.
  expect(await credentials.authorization("one")).toEqual(ok("two"));
  expect(reads).toEqual([false, true]);
});

test("many who need a new one wait for the same", async () => {
  const { reads, credentials } = start([ok("one"), ok("two")]);
  await Promise.all(Array.from({ length: 9 }, () => credentials.authorization()));
  await Promise.all(Array.from({ length: 9 }, () => credentials.authorization("one")));
  expect(reads).toEqual([false, true]);
});

test("while none can be made, the one that we hold goes on, unless it was refused", async () => {
  const { clock, credentials } = start([ok("one"), err("no disk"), err("no disk"), ok("two")]);
  await credentials.authorization();
  await clock.runUntil(millis(60_000));
  expect(await credentials.authorization()).toEqual(ok("one"));
  expect(await credentials.authorization("one")).toEqual(err("no disk"));
  expect(await credentials.authorization("one")).toEqual(ok("two"));
});

test("one that cannot be made is not tried for every request", async () => {
  const { clock, reads, credentials } = start([ok("one"), err("no disk"), ok("two")]);
  await credentials.authorization();
  await clock.runUntil(millis(60_000));
  await credentials.authorization();
  await credentials.authorization();
  expect(reads).toHaveLength(2);
  await clock.runUntil(millis(120_000));
  expect(await credentials.authorization()).toEqual(ok("two"));
});

test("the first one that cannot be made is an error", async () => {
  const { credentials } = start([err("no disk"), ok("one")]);
  expect(await credentials.authorization()).toEqual(err("no disk"));
  expect(await credentials.authorization()).toEqual(ok("one"));
});

test("a token file is read again when it changes", async () => {
  const clock = createVirtualTime(millis(0), 1);
  const path = join(root, "token");
  const credentials = fileCredentials({ clock }, path);
  expect(await credentials.authorization()).toEqual(
    err(`The token file ${path} cannot be read: check that it is mounted and readable.`),
  );
  writeFileSync(path, "\n");
  expect(await credentials.authorization()).toEqual(
    err(`The token file ${path} is empty: whatever mounts it has to fill it.`),
  );
  writeFileSync(path, "first\n");
  expect(await credentials.authorization()).toEqual(ok("Bearer first"));
  writeFileSync(path, "second\n");
  expect(await credentials.authorization()).toEqual(ok("Bearer first"));
  expect(await credentials.authorization("Bearer first")).toEqual(ok("Bearer second"));
});

test("a fixed header is what it is, refused or not", async () => {
  expect(await fixedCredentials("Bearer a").authorization("Bearer a")).toEqual(ok("Bearer a"));
  expect(await fixedCredentials(undefined).authorization()).toEqual(ok(undefined));
});
