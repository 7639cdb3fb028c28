/**
 * `scalp import-env [FILE]`: the exchange keys of an environment file as Kubernetes Secrets, for
 * installations that had one machine before.
 *
 * Manifests go to files or to stdout, sentences to stderr. A terminal is shown no key unless it is
 * asked for: it is recorded, scrolled back and looked at over shoulders.
 */

import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { err, ok, type Result } from "#base/result.ts";
import { importAccounts, type Account, type Import } from "./accounts.ts";
import { readEnvFile } from "./env-file.ts";
import { writeSecretFiles } from "./files.ts";
import { secretManifest } from "./manifest.ts";

export type ImportEnvOptions = {
  readonly dir?: string | undefined;
  readonly namespace?: string | undefined;
  readonly show?: true | undefined;
  readonly force?: true | undefined;
};

export type Output = {
  /** Whether what is written is shown to a person. */
  readonly isTerminal: boolean;
  /** A line to stdout. */
  readonly write: (text: string) => void;
  /** A line to stderr. */
  readonly say: (text: string) => void;
};

const DONE = 0;
const FAILED = 1;
const USAGE = 2;
const REFUSED = 4;

/** Exit code 1 also when an account of which there is a part got no Secret. */
export const importEnv = (output: Output, file: string, options: ImportEnvOptions): number => {
  const fail = (problem: string, code = FAILED) => {
    output.say(`scalp import-env: ${problem}`);
    return code;
  };
  const { namespace } = options;
  if (namespace !== undefined && !NAMESPACE.test(namespace)) {
    return fail("--namespace is no name of a namespace", USAGE);
  }
  const text = readSource(file);
  if (!text.ok) return fail(text.error);
  const found = importAccounts(readEnvFile(text.value));
  for (const remark of found.remarks) output.say(remark);
  if (found.accounts.length === 0) return fail(`no whole set of keys in ${file}`);
  const handed = handOver(output, found, options);
  if (!handed.ok) return fail(handed.error.words, handed.error.code);
  return found.isIncomplete ? fail("an account got no Secret, see above") : DONE;
};

const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const FILE_BYTES_MAX = 64 * 1024;

/** Text that is not UTF-8 would be read as other keys than those that were written. */
const readSource = (file: string): Result<string, string> => {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) return err(`${file} is larger than 64 KiB`);
    const bytes = readFileSync(file);
    return isUtf8(bytes) ? ok(bytes.toString("utf8")) : err(`${file} is not UTF-8 text`);
  } catch (error) {
    return err(`${file} cannot be read: ${String(error)}`);
  }
};

type Refusal = { readonly words: string; readonly code: number };

const handOver = (
  { isTerminal, write, say }: Output,
  { accounts }: Import,
  { dir, namespace, show, force }: ImportEnvOptions,
): Result<undefined, Refusal> => {
  const names = accounts.map(({ secretName }) => secretName).join(", ");
  if (dir !== undefined) {
    const files = accounts.map((account) => fileOf(account, namespace));
    const written = writeSecretFiles(dir, files, { force: force === true });
    if (!written.ok) return err({ words: written.error, code: FAILED });
    say(
      `The files are for you alone (0600) and hold keys: ${names}. Apply them, then remove them.`,
    );
    for (const path of written.value) write(path);
    return ok(undefined);
  }
  if (isTerminal && show !== true) {
    const words = `stdout is a terminal, and keys are not shown there: ${names}. Use a pipe (| kubectl apply --server-side -f -), --dir DIR, or --show`;
    return err({ words, code: REFUSED });
  }
  say(`${isTerminal ? "Shown" : "Written to stdout, which is no terminal"}, with keys: ${names}.`);
  write(
    accounts
      .map((account) => secretManifest(account, namespace))
      .join("")
      .trimEnd(),
  );
  return ok(undefined);
};

const fileOf = (account: Account, namespace: string | undefined) => ({
  name: `${account.secretName}.yaml`,
  text: secretManifest(account, namespace),
});
