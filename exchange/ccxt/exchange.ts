/**
 * Bitget, classic v2, USDT perpetuals, as the executor's exchange: through ccxt, against the real one
 * or anything that speaks like it.
 *
 * One account per instance, and one rate budget for that account. The public budget is another, since
 * the exchange counts those requests by the address that they come from. Nothing is remembered that
 * could grow, and no failure is.
 */

import type { Clock, Timers } from "#base/clock.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import type { Exchange, PlanId } from "../port.ts";
import { createBudget, type Budget } from "./budget.ts";
import { createClient } from "./client.ts";
import { createGate } from "./gate.ts";
import { createKeyring, type Credentials } from "./keyring.ts";
import { createMarkets } from "./markets.ts";
import { createMemory } from "./memory.ts";
import { createReads } from "./reads.ts";
import type { PlanType } from "./rows.ts";
import { createStreams, type Log } from "./streams.ts";
import type { Endpoints } from "./strict-bitget.ts";
import { createTransport, type Transport } from "./transport.ts";
import { createWrites } from "./writes.ts";

export type CcxtExchangeDeps = {
  /** The session's clock: requests are signed with its time, and every wait runs at its speed. */
  readonly clock: Clock & Timers & { readonly speed: number };
  readonly log: Log;
  /** Asked for at every signature, so that a rotation takes effect. `undefined`: public data only. */
  readonly credentials: (() => Credentials) | undefined;
  readonly endpoints: Endpoints;
  readonly accountRequestsPerSecond: number;
  readonly publicRequestsPerSecond: number;
  /** Spreads the reconnects of many processes. */
  readonly jitterSeed: number;
  /** The network, unless somebody else plays it. */
  readonly transport?: Transport;
};

const MOST_WAITING = 256;
const LONGEST_WAIT_MS = 20_000;
const REMEMBERED = 4_096;

export const createCcxtExchange = (deps: CcxtExchangeDeps): Exchange => {
  const { clock, endpoints, log } = deps;
  const transport = deps.transport ?? createTransport();
  const keyring = deps.credentials && createKeyring(deps.credentials);
  const redact = keyring?.redact ?? ((text: string) => text);
  const budget = (requestsPerSecond: number): Budget =>
    createBudget(clock, {
      requestsPerSecond,
      capacity: MOST_WAITING,
      longestWaitMs: LONGEST_WAIT_MS,
    });
  const accountBudget = budget(deps.accountRequestsPerSecond);
  const publicBudget = budget(deps.publicRequestsPerSecond);
  const client = createClient({ clock, endpoints, keyring, send: transport.send });
  const gate = createGate({ client, accountBudget, publicBudget, redact });
  const markets = createMarkets(clock, gate);
  const orderNames = createMemory<ExchangeOrderId, string>(REMEMBERED);
  const planTypes = createMemory<PlanId, PlanType>(REMEMBERED);
  const streams = createStreams({
    clock,
    log,
    endpoints,
    keyring,
    redact,
    gate,
    markets,
    orderNames,
    jitterSeed: deps.jitterSeed,
  });

  return {
    ...createReads({ clock, gate, markets, orderNames, planTypes }),
    ...createWrites({ gate, markets, orderNames, planTypes }),
    watch: streams.watch,
    close: async () => {
      await streams.close();
      accountBudget.close();
      publicBudget.close();
      transport.close();
    },
  };
};
