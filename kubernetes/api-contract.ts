/**
 * What the port promises, as cases that both of its implementations are put to: the HTTP client with a
 * real server behind it, and the one in memory. A case throws where the promise is broken.
 */

import { readCases } from "./testing/contract-reads.ts";
import type { ContractCase } from "./testing/contract-words.ts";
import { writeCases } from "./testing/contract-writes.ts";

export const apiContract: ReadonlyArray<ContractCase> = [...writeCases, ...readCases];
