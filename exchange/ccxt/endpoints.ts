/**
 * Every request that we ever make of Bitget (classic v2, USDT perpetuals): nothing else is called.
 *
 * They go through ccxt's own signing and transport by path, and not through its unified methods:
 * those take numbers where money is text, send requests of their own before the one that was asked
 * for, and hold a model of all markets in memory (`docs/decisions/0004-ccxt-adapter.md`).
 */

export type Endpoint = {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** ccxt's two words for who may call it and which group of addresses serves it. */
  readonly api: readonly ["public" | "private", "mix" | "spot"];
};

const market = (path: string): Endpoint => ({
  method: "GET",
  path: `v2/mix/market/${path}`,
  api: ["public", "mix"],
});
const read = (path: string): Endpoint => ({
  method: "GET",
  path: `v2/mix/${path}`,
  api: ["private", "mix"],
});
const write = (path: string): Endpoint => ({ ...read(path), method: "POST" });

export const endpoints = {
  contracts: market("contracts"),
  candles: market("candles"),
  /** Reaches further back than `candles`, in smaller pages. */
  historyCandles: market("history-candles"),
  tickers: market("tickers"),

  /** The only place that tells the account's number and what the key may do. */
  accountInfo: { method: "GET", path: "v2/spot/account/info", api: ["private", "spot"] },
  accounts: read("account/accounts"),
  account: read("account/account"),
  positions: read("position/all-position"),
  order: read("order/detail"),
  openOrders: read("order/orders-pending"),
  openPlans: read("order/orders-plan-pending"),
  fills: read("order/fills"),

  placeOrder: write("order/place-order"),
  cancelOrder: write("order/cancel-order"),
  placePlan: write("order/place-tpsl-order"),
  modifyPlan: write("order/modify-tpsl-order"),
  cancelPlan: write("order/cancel-plan-order"),
  setLeverage: write("account/set-leverage"),
  setMarginMode: write("account/set-margin-mode"),
  setPositionMode: write("account/set-position-mode"),
} as const satisfies Readonly<Record<string, Endpoint>>;

export const PRODUCT_TYPE = "USDT-FUTURES";
export const MARGIN_COIN = "USDT";
