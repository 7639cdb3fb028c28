/**
 * The exchange's list of contracts, and with it the names of symbols in both directions.
 *
 * Loaded when it is first needed and asked for again when an answer names a symbol that is not in it
 * (listed since). A failure is never remembered: the next caller tries anew.
 */

import type { Clock } from "#base/clock.ts";
import type { Fact } from "#base/fact.ts";
import type { Market, MarketSymbol } from "#trading/market.ts";
import { endpoints, PRODUCT_TYPE } from "./endpoints.ts";
import { toRows } from "./fields.ts";
import type { Dated, Gate } from "./gate.ts";
import { toMarket, type MarketId, type SymbolOf } from "./rows.ts";

type Names = {
  /** Throws for a symbol that the exchange does not list. */
  readonly idOf: (symbol: MarketSymbol) => MarketId;
  readonly symbolOf: SymbolOf;
};

export type Markets = {
  readonly fetch: () => Promise<Fact<ReadonlyMap<MarketSymbol, Market>>>;
  /** Runs a reader over names that are as fresh as it needs. Throws what the reader throws. */
  readonly withNames: <T>(read: (names: Names) => T) => Promise<T>;
};

type List = {
  readonly marketBySymbol: ReadonlyMap<MarketSymbol, Market>;
  readonly idBySymbol: ReadonlyMap<MarketSymbol, MarketId>;
  readonly symbolById: ReadonlyMap<string, MarketSymbol>;
};

/** An account that holds something unlisted must not make us load half a megabyte at every read. */
const SHORTEST_REFRESH_MS = 60_000;

export const createMarkets = (clock: Pick<Clock, "elapsed">, gate: Gate): Markets => {
  let loaded: { readonly list: List; readonly at: number } | undefined;
  let loading: Promise<Dated<List>> | undefined;

  const load = async (): Promise<Dated<List>> => {
    const answer = await gate.ask("reads", endpoints.contracts, { productType: PRODUCT_TYPE });
    const list = toList(answer.data);
    loaded = { list, at: clock.elapsed() };
    return { value: list, at: answer.at };
  };

  /** However many ask at once, one request leaves. */
  const loadOnce = (): Promise<Dated<List>> => {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };

  const withNames: Markets["withNames"] = async (read) => {
    const { list, at } = loaded ?? { list: (await loadOnce()).value, at: clock.elapsed() };
    const missed = new Set<string>();
    try {
      return read(namesOf(list, missed));
    } catch (thrown) {
      if (missed.size === 0 || clock.elapsed() - at < SHORTEST_REFRESH_MS) throw thrown;
      return read(namesOf((await loadOnce()).value, missed));
    }
  };

  return {
    fetch: () =>
      gate.fact(async () => {
        const { value, at } = await loadOnce();
        return { value: value.marketBySymbol, at };
      }),
    withNames,
  };
};

const toList = (data: unknown): List => {
  const markets = toRows(data, "contracts")
    .map(toMarket)
    .filter((market) => market !== undefined);
  if (markets.length === 0) throw new Error("the list of contracts has no perpetual in it");
  return {
    marketBySymbol: new Map(markets.map(([, market]) => [market.symbol, market])),
    idBySymbol: new Map(markets.map(([id, { symbol }]) => [symbol, id])),
    symbolById: new Map(markets.map(([id, { symbol }]) => [id, symbol])),
  };
};

const namesOf = ({ idBySymbol, symbolById }: List, missed: Set<string>): Names => ({
  idOf: (symbol) => find(idBySymbol, symbol, missed),
  symbolOf: (id) => find(symbolById, id, missed),
});

const find = <K extends string, V>(map: ReadonlyMap<K, V>, key: K, missed: Set<string>): V => {
  const found = map.get(key);
  if (found !== undefined) return found;
  missed.add(key);
  throw new Error(`the exchange does not list ${key}`);
};
