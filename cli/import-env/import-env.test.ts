import { expect, test } from "@jest/globals";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importEnv, type ImportEnvOptions } from "./import-env.ts";

const own = ["API_KEY", "SECRET", "PASSPHRASE"].map((part) => `BITGET_${part}_GRID_ATR=hidden`);
const all = ["API_KEY", "SECRET", "PASSPHRASE"].map((part) => `BITGET_${part}=also-hidden`);
/** `hidden` and `also-hidden`. */
const ENCODED = ["aGlkZGVu", "YWxzby1oaWRkZW4="];

const folder = () => mkdtempSync(join(tmpdir(), "import-env-"));
const fileWith = (source: string | Uint8Array): string => {
  const path = join(folder(), ".env");
  writeFileSync(path, source);
  return path;
};

const run = (file: string, options: ImportEnvOptions = {}, isTerminal = false) => {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const write = (text: string) => void stdout.push(text);
  const say = (text: string) => void stderr.push(text);
  const code = importEnv({ isTerminal, write, say }, file, options);
  const words = stderr.join("\n");
  for (const value of ["hidden", ...ENCODED]) expect(words).not.toContain(value);
  return { code, stdout: stdout.join("\n"), stderr };
};

const whole = [...all, ...own].join("\n");

test("a pipe gets a document for each account, and stderr says that it did", () => {
  const { code, stdout, stderr } = run(fileWith(whole), { namespace: "trading" });
  expect(code).toBe(0);
  expect(stdout.match(/^---$/gm)).toHaveLength(2);
  expect(stdout.match(/^ {2}namespace: trading$/gm)).toHaveLength(2);
  for (const value of ENCODED) expect(stdout).toContain(value);
  expect(stderr.at(-1)).toBe(
    "Written to stdout, which is no terminal, with keys: scalp-default-credentials, bitget-grid-atr.",
  );
});

test("a terminal is shown no key, and is told the ways", () => {
  const { code, stdout, stderr } = run(fileWith(whole), {}, true);
  expect([code, stdout]).toEqual([4, ""]);
  expect(stderr.at(-1)).toBe(
    "scalp import-env: stdout is a terminal, and keys are not shown there: scalp-default-credentials, bitget-grid-atr. Use a pipe (| kubectl apply --server-side -f -), --dir DIR, or --show",
  );
});

test("unless it is asked for", () => {
  const { code, stdout, stderr } = run(fileWith(whole), { show: true }, true);
  expect(code).toBe(0);
  expect(stdout).toContain(ENCODED[0]);
  expect(stderr.at(-1)).toBe("Shown, with keys: scalp-default-credentials, bitget-grid-atr.");
});

test("files are the owner's alone, in a folder of the owner's alone, and a terminal sees their names", () => {
  const dir = join(folder(), "new", "secrets");
  const { code, stdout } = run(fileWith(whole), { dir }, true);
  const names = ["bitget-grid-atr.yaml", "scalp-default-credentials.yaml"];
  expect(code).toBe(0);
  expect(stdout.split("\n").toSorted()).toEqual(names.map((name) => join(dir, name)));
  expect(readdirSync(dir).toSorted()).toEqual(names);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  for (const name of names) {
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, name), "utf8")).toContain("kind: Secret");
  }
});

test("what is there is not written over, and then nothing is written", () => {
  const dir = folder();
  writeFileSync(join(dir, "bitget-grid-atr.yaml"), "mine", { mode: 0o644 });
  const { code, stderr } = run(fileWith(whole), { dir });
  expect(code).toBe(1);
  expect(stderr.at(-1)).toMatch(/bitget-grid-atr\.yaml, which is there already \(--force\)$/);
  expect(readdirSync(dir)).toEqual(["bitget-grid-atr.yaml"]);
  expect(readFileSync(join(dir, "bitget-grid-atr.yaml"), "utf8")).toBe("mine");
});

test("with force it is, and what was readable by others is not any more", () => {
  const dir = folder();
  const path = join(dir, "bitget-grid-atr.yaml");
  writeFileSync(path, "mine", { mode: 0o644 });
  expect(run(fileWith(whole), { dir, force: true }).code).toBe(0);
  expect(readFileSync(path, "utf8")).toContain(ENCODED[0]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a link is neither followed nor taken for nothing", () => {
  const dir = folder();
  const elsewhere = join(folder(), "elsewhere");
  symlinkSync(elsewhere, join(dir, "bitget-grid-atr.yaml"));
  expect(run(fileWith(whole), { dir }).code).toBe(1);
  expect(run(fileWith(whole), { dir, force: true }).code).toBe(0);
  expect(existsSync(elsewhere)).toBe(false);
});

test("where one file cannot be put down, none is, and nothing half-written stays", () => {
  // The second of two files.
  const second = "bitget-grid-atr.yaml";
  for (const obstacle of [second, `${second}.${process.pid}.tmp`]) {
    const dir = folder();
    mkdirSync(join(dir, obstacle));
    const { code, stdout, stderr } = run(fileWith(whole), { dir, force: true });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.at(-1)).toContain(obstacle);
    expect(readdirSync(dir)).toEqual([obstacle]);
  }
});

test("an incomplete account is an exit code, and the others are written all the same", () => {
  const { code, stdout, stderr } = run(fileWith([...all, own[0]].join("\n")));
  expect(code).toBe(1);
  expect(stdout).toContain("name: scalp-default-credentials");
  expect(stdout).not.toContain("bitget-grid-atr");
  expect(stderr[0]).toMatch(/^No Secret for grid-atr: BITGET_SECRET_GRID_ATR is missing/);
  expect(stderr.at(-1)).toBe("scalp import-env: an account got no Secret, see above");
});

test.each([
  [
    "a file without keys",
    fileWith("LOG_LEVEL=info"),
    {},
    1,
    /^scalp import-env: no whole set of keys in /,
  ],
  ["no file", join(folder(), ".env"), {}, 1, /\.env cannot be read: .*ENOENT/],
  ["a folder", folder(), {}, 1, /cannot be read: .*EISDIR/],
  [
    "a file of another encoding",
    fileWith(Buffer.from(whole, "utf16le").fill(0xff, 0, 2)),
    {},
    1,
    /is not UTF-8 text$/,
  ],
  ["a large file", fileWith("#".repeat(65_537)), {}, 1, /is larger than 64 KiB$/],
  [
    "a namespace that is none",
    fileWith(whole),
    { namespace: "A b" },
    2,
    /--namespace is no name of a namespace$/,
  ],
])("%s is refused in a sentence", (...[, file, options, code, words]) => {
  const result = run(file, options);
  expect([result.code, result.stdout]).toEqual([code, ""]);
  expect(result.stderr.at(-1)).toMatch(words);
});
