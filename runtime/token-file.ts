/** The token that processes of ours show to each other, from the file that an environment variable names. */

import { readFileSync } from "node:fs";
import { err, ok, type Result } from "#base/result.ts";
import { secret, type Secret } from "./secret.ts";

/** An empty one is refused: whoever shows none would be let in by it. The error names the variable. */
export const readToken = (variable: string, path: string): Result<Secret, string> => {
  try {
    const text = readFileSync(path, "utf8").trim();
    if (text !== "") return ok(secret(text));
    return err(`environment variable ${variable}: ${path} is empty`);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return err(`environment variable ${variable}: ${words}`);
  }
};
