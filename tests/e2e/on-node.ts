/**
 * A test that needs a real node: where the machine cannot be one it says what is missing and is skipped,
 * which under CI=true fails the run (tests/everything.ts).
 */

import { test } from "@jest/globals";
import { missingForNode } from "./requirements.ts";

const missing = missingForNode();
for (const line of missing) process.stderr.write(`${line}\n`);

export const canRunNode = missing.length === 0;
export const testOnNode = canRunNode ? test : test.skip;
