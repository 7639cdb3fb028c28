/**
 * One signed request to Bitget and its answer.
 *
 * An entry carries a guard that is asked when the connection stands, in the very call that hands over
 * the bytes: after every wait, and after the signature, whose timestamp is therefore no later than the
 * guard's word. The same last step compares the body with what was asked for: a digit that changed on
 * the way through somebody else's code is a different order. What never got to that step was never
 * sent, and that is certain.
 */

import { millis, type Clock, type Millis } from "#base/clock.ts";
import type { Endpoint } from "./endpoints.ts";
import { isRow, toInstant, type Row } from "./fields.ts";
import type { Keyring } from "./keyring.ts";
import { createStrictBitget, type Endpoints } from "./strict-bitget.ts";
import type { HttpSend } from "./transport.ts";

export type ClientDeps = {
  readonly clock: Clock & { readonly speed: number };
  readonly endpoints: Endpoints;
  readonly keyring: Keyring | undefined;
  readonly send: HttpSend;
};

export type Answer = {
  readonly data: unknown;
  /** By the exchange's clock, or when we asked if it does not say. */
  readonly at: Millis;
};

export type Params = Readonly<Record<string, unknown>>;

/** What must hold at the last instant before an order leaves. A reason means: do not send. */
export type LastCheck = {
  readonly clientOrderId: string;
  readonly guard: () => string | undefined;
};

export type Client = {
  /** Throws whatever stands in the way; `errors.ts` says what it means. */
  readonly call: (endpoint: Endpoint, params: Params) => Promise<Answer>;
  /** Like `call`, behind a last check. `Unsent` is certain: not a byte left. */
  readonly callGuarded: (
    endpoint: Endpoint,
    params: Params,
    check: LastCheck,
  ) => Promise<Answer | Unsent>;
};

type Unsent = { readonly kind: "Unsent"; readonly why: string };

type Ticket = {
  readonly guard: () => string | undefined;
  readonly params: Params;
  fate: "waiting" | "sent" | Unsent;
};

export const createClient = (deps: ClientDeps): Client => {
  const ticketById = new Map<string, Ticket>();

  const send: HttpSend = (url, init) => {
    const ticket = ticketOf(ticketById, init.body);
    const ready = ticket && (() => judge(ticket, init.body));
    return deps.send(url, ready === undefined ? init : { ...init, ready });
  };

  const bitget = createStrictBitget({ ...deps, send, onFrame: () => false });

  const call: Client["call"] = async ({ method, path, api }, params) => {
    const askedAt = deps.clock.now();
    const answer: unknown = await bitget.request(path, api, method, params);
    // The guard against garbage has looked at it; this only tells the compiler so.
    const row: Row = isRow(answer) ? answer : {};
    return { data: row["data"], at: answeredAt(row, askedAt) };
  };

  const callGuarded: Client["callGuarded"] = async (endpoint, params, { clientOrderId, guard }) => {
    if (ticketById.has(clientOrderId)) return { kind: "Unsent", why: "the order is being sent" };
    const ticket: Ticket = { guard, params, fate: "waiting" };
    ticketById.set(clientOrderId, ticket);
    try {
      return await call(endpoint, params);
    } catch (thrown) {
      if (ticket.fate === "sent") throw thrown;
      const why = thrown instanceof Error ? thrown.message : "it could not be signed";
      // From here on it is a promise: whoever comes late with this ticket is refused.
      if (ticket.fate === "waiting") ticket.fate = { kind: "Unsent", why };
      return ticket.fate;
    } finally {
      ticketById.delete(clientOrderId);
    }
  };

  return { call, callGuarded };
};

const ticketOf = (
  ticketById: ReadonlyMap<string, Ticket>,
  body: string | undefined,
): Ticket | undefined => {
  if (body === undefined || ticketById.size === 0) return undefined;
  const sent: unknown = JSON.parse(body);
  const id = isRow(sent) ? sent["clientOid"] : undefined;
  return typeof id === "string" ? ticketById.get(id) : undefined;
};

const judge = (ticket: Ticket, body: string | undefined): void => {
  const why = refusal(ticket, body);
  ticket.fate = why === undefined ? "sent" : { kind: "Unsent", why };
  if (why !== undefined) throw new Error(why);
};

const refusal = ({ fate, params, guard }: Ticket, body: string | undefined): string | undefined => {
  if (fate !== "waiting") return "the order is being sent";
  if (body !== JSON.stringify(params)) return "the order was changed on its way out";
  try {
    return guard();
  } catch (thrown) {
    return `the guard failed: ${thrown instanceof Error ? thrown.message : typeof thrown}`;
  }
};

const answeredAt = (answer: Row, askedAt: Millis): Millis => {
  try {
    return toInstant(answer["requestTime"], "requestTime");
  } catch {
    return millis(askedAt);
  }
};
