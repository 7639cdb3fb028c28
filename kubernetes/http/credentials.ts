/**
 * Who we are: an `Authorization` header that is made anew before it is stale.
 *
 * Tokens are replaced under us, at most every few minutes. One is read again after a minute, as
 * client-go does, and at once when the server refuses it. While a new one cannot be read, the one
 * that we hold goes on: it may well be valid still. One reading at a time, whoever asks.
 */

import { readFile } from "node:fs/promises";
import type { Clock } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";

export type Credentials = {
  /**
   * The header, or `undefined` where a client certificate speaks for us. Given one that the server
   * has refused, it is another one if there is another one.
   */
  readonly authorization: (refused?: string) => Promise<Result<string | undefined, string>>;
};

/** Makes the header. `isRefused`: the last one that it made is not good, whatever it thinks. */
export type ReadHeader = (isRefused: boolean) => Promise<Result<string | undefined, string>>;

const READ_AGAIN_AFTER_MS = 60_000;

export const fixedCredentials = (header: string | undefined): Credentials => ({
  authorization: () => Promise.resolve(ok(header)),
});

export const fileCredentials = (deps: { readonly clock: Clock }, path: string): Credentials =>
  createCredentials(deps, () => readToken(path));

export const createCredentials = (
  { clock }: { readonly clock: Clock },
  read: ReadHeader,
): Credentials => {
  let held: { readonly header: string | undefined } | undefined;
  let readAt = 0;
  let reading: ReturnType<ReadHeader> | undefined;

  const readOnce = async (isRefused: boolean): ReturnType<ReadHeader> => {
    const result = await read(isRefused);
    readAt = clock.elapsed();
    if (result.ok) held = { header: result.value };
    reading = undefined;
    return result;
  };

  return {
    authorization: async (refused) => {
      const isRefused = refused !== undefined && held?.header === refused;
      const isStale = clock.elapsed() - readAt >= READ_AGAIN_AFTER_MS;
      if (held !== undefined && !isRefused && !isStale) return ok(held.header);
      reading ??= readOnce(isRefused);
      const result = await reading;
      return result.ok || held === undefined || isRefused ? result : ok(held.header);
    },
  };
};

const readToken = async (path: string): Promise<Result<string, string>> => {
  try {
    const token = (await readFile(path, "utf8")).trim();
    if (token !== "") return ok(`Bearer ${token}`);
    return err(`The token file ${path} is empty: whatever mounts it has to fill it.`);
  } catch {
    return err(`The token file ${path} cannot be read: check that it is mounted and readable.`);
  }
};
