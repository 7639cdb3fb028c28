import { afterAll, expect, test } from "@jest/globals";
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frame } from "./journal.ts";
import { openFolder, type Folder } from "./folder.ts";

const made: string[] = [];
const newFolder = () => {
  const path = mkdtempSync(join(tmpdir(), "state-"));
  made.push(path);
  return path;
};
afterAll(() => made.forEach((path) => rmSync(path, { recursive: true, force: true })));

const open = async (path: string): Promise<Folder> => {
  const opened = await openFolder(path);
  if (!opened.ok) throw new Error(opened.error.detail);
  return opened.value;
};

test("what was appended is there after the owner has gone", async () => {
  const path = newFolder();
  const first = await open(path);
  await first.storage.append(frame("one"));
  await first.close();
  const second = await open(path);
  expect(second.storage.readJournal()).toBe(frame("one"));
  await second.close();
});

test("a second owner is refused while the first lives", async () => {
  const path = newFolder();
  const first = await open(path);
  const second = await openFolder(path);
  expect(second).toEqual({
    ok: false,
    error: {
      kind: "Locked",
      detail: `state folder ${path} is in use by another process: end that process, or use another folder`,
    },
  });
  await first.close();
  await (await open(path)).close();
});

test("a lock that a dead owner left behind does not bar the way", async () => {
  const path = newFolder();
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(join(path, "lock"), () => resolve()));
  // Closing removes the file, as dying does not: put it back as a plain leftover.
  await new Promise<void>((resolve) => dead.close(() => resolve()));
  appendFileSync(join(path, "lock"), "");
  await (await open(path)).close();
});

test("half a line at the end is cut off before anything is appended to it", async () => {
  const path = newFolder();
  const first = await open(path);
  await first.storage.append(frame("one"));
  await first.close();
  appendFileSync(join(path, "journal.log"), frame("two").slice(0, 6));
  const second = await open(path);
  await second.storage.append(frame("three"));
  expect(readFileSync(join(path, "journal.log"), "utf8")).toBe(frame("one") + frame("three"));
  await second.close();
});

test("replacing swaps the snapshot in and begins an empty journal", async () => {
  const path = newFolder();
  const folder = await open(path);
  await folder.storage.append(frame("one"));
  await folder.storage.replace(frame("snapshot"), "");
  await folder.storage.append(frame("two"));
  expect(folder.storage.readSnapshot()).toBe(frame("snapshot"));
  expect(folder.storage.readJournal()).toBe(frame("two"));
  await folder.close();
});

test("a folder that cannot be made is a sentence that names it", async () => {
  const path = newFolder();
  chmodSync(path, 0o500);
  const file = join(path, "journal.log");
  const opened = await openFolder(join("/proc/self/mem", file));
  expect(opened.ok).toBe(false);
  expect(opened).toMatchObject({
    error: { kind: "Unusable", detail: expect.stringContaining("cannot be written") },
  });
});
