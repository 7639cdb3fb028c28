/**
 * The way every request takes: rate budget, client, and then a value that says how it ended.
 *
 * Nothing here is ever sent twice. A request that the budget turned away was not sent, and says so:
 * a write ends `Rejected/Denied` then, because that is certain.
 */

import { known, type Fact } from "#base/fact.ts";
import type { Millis } from "#base/clock.ts";
import type { Outcome } from "../port.ts";
import type { Budget, Lane } from "./budget.ts";
import type { Answer, Client, LastCheck, Params } from "./client.ts";
import type { Endpoint } from "./endpoints.ts";
import {
  isRateLimit,
  retryAfterOf,
  toOutcome,
  toUnknown,
  type Operation,
  type Redact,
} from "./errors.ts";

export type GateDeps = {
  readonly client: Client;
  /** Of the account, shared by everything that is signed with its keys. */
  readonly accountBudget: Budget;
  /** Of the address that we call from. */
  readonly publicBudget: Budget;
  readonly redact: Redact;
};

type WriteRequest<T> = {
  readonly lane: Lane;
  readonly operation: Operation;
  readonly endpoint: Endpoint;
  readonly params: Params;
  /** What a well-formed answer means. Throwing means that it tells nothing. */
  readonly accept: (data: unknown) => Outcome<T>;
  readonly check?: LastCheck;
  /** A refusal that is as good as an answer; `undefined` for every other. */
  readonly refused?: (thrown: unknown) => Outcome<T> | undefined;
};

export type Gate = {
  /** Throws; only within `fact`. */
  readonly ask: (lane: Lane, endpoint: Endpoint, params: Params) => Promise<Answer>;
  readonly fact: <T>(read: () => Promise<Dated<T>>) => Promise<Fact<T>>;
  readonly write: <T>(request: WriteRequest<T>) => Promise<Outcome<T>>;
  readonly redact: Redact;
};

export type Dated<T> = { readonly value: T; readonly at: Millis };

export const createGate = ({ client, accountBudget, publicBudget, redact }: GateDeps): Gate => {
  const budgetOf = ({ api: [access] }: Endpoint): Budget =>
    access === "public" ? publicBudget : accountBudget;

  /** Tells the budget how the exchange took it. */
  const observe = async <T>(budget: Budget, call: () => Promise<T>): Promise<T> => {
    try {
      const answer = await call();
      budget.answered();
      return answer;
    } catch (thrown) {
      if (isRateLimit(thrown)) budget.tooMany(retryAfterOf(thrown));
      throw thrown;
    }
  };

  const ask: Gate["ask"] = async (lane, endpoint, params) => {
    const budget = budgetOf(endpoint);
    const entered = await budget.enter(lane);
    if (!entered.ok) throw new Error(`never sent: ${entered.error}`);
    return observe(budget, () => client.call(endpoint, params));
  };

  const fact: Gate["fact"] = async (read) => {
    try {
      const { value, at } = await read();
      return known(value, at);
    } catch (thrown) {
      return toUnknown(thrown, redact);
    }
  };

  const write: Gate["write"] = async (request) => {
    const { lane, operation, endpoint, params, accept, check } = request;
    const budget = budgetOf(endpoint);
    const entered = await budget.enter(lane);
    if (!entered.ok) return unsent(entered.error, redact);
    try {
      const answer = await observe(budget, () =>
        check === undefined
          ? client.call(endpoint, params)
          : client.callGuarded(endpoint, params, check),
      );
      return "kind" in answer ? unsent(answer.why, redact) : accept(answer.data);
    } catch (thrown) {
      return request.refused?.(thrown) ?? toOutcome(thrown, operation, redact);
    }
  };

  return { ask, fact, write, redact };
};

const unsent = (why: string, redact: Redact): Outcome<never> => ({
  kind: "Rejected",
  reason: "Denied",
  detail: `never sent: ${redact(why)}`,
});
