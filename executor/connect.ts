/**
 * The first contact: whose account is this, and may we trade on it?
 *
 * Nothing else can begin without the answer, so this waits for it as long as it takes, with growing
 * pauses. A memory that belongs to another account is refused (reliability P10): its orders and
 * positions are somebody else's.
 */

import { sleep, type Timers } from "#base/clock.ts";
import type { Fact } from "#base/fact.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { AccountFacts, Exchange } from "#exchange/port.ts";
import type { Logger } from "#runtime/log.ts";
import type { Market, MarketSymbol } from "#trading/market.ts";

export type ConnectDeps = {
  readonly timers: Timers;
  readonly exchange: Exchange;
  readonly log: Logger;
  /** Said to whoever asks for the status meanwhile. */
  readonly onWaiting: (reason: string) => void;
};

export type Connected = {
  readonly account: AccountFacts;
  readonly markets: ReadonlyMap<MarketSymbol, Market>;
};

const PAUSE_MS = 2_000;
const PAUSE_MAX_MS = 30_000;

export const connectExchange = async (
  deps: ConnectDeps,
  memory: { readonly name: string; readonly accountUid: string | undefined },
  signal: AbortSignal,
): Promise<Result<Connected, string>> => {
  const { exchange } = deps;
  const account = await untilKnown(deps, "account", exchange.fetchAccount, signal);
  if (account === undefined) return err(STOPPED);
  if (memory.accountUid !== undefined && memory.accountUid !== account.uid) {
    return err(
      `${memory.name}: accountUid is ${memory.accountUid}, and the keys are of account ${account.uid}: use the keys it was made with, or another folder`,
    );
  }
  if (!account.canTrade) {
    return err("the key may not trade: give it the permission to place futures orders");
  }
  if (account.canWithdraw) deps.log.warn({}, "the key may withdraw: use one that may not");
  // Refused while positions or orders are open; what counts is what is read back for each symbol.
  const mode = await exchange.setOneWayMode();
  if (mode.kind !== "Accepted") deps.log.info({ mode }, "position mode left as it is");
  const markets = await untilKnown(deps, "markets", exchange.fetchMarkets, signal);
  return markets === undefined ? err(STOPPED) : ok({ account, markets });
};

const STOPPED = "stopped before the exchange was reached";

const untilKnown = async <T>(
  { timers, log, onWaiting }: ConnectDeps,
  what: string,
  ask: () => Promise<Fact<T>>,
  signal: AbortSignal,
): Promise<T | undefined> => {
  for (let pause = PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, PAUSE_MAX_MS)) {
    const fact = await ask();
    if (fact.kind === "Known") return fact.value;
    onWaiting(`${what} could not be read: ${fact.reason}`);
    log.warn({ what, reason: fact.reason }, "waiting for the exchange");
    await sleep(timers, pause, signal);
  }
  return undefined;
};
