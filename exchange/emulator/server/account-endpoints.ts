/** What an account has and how it is set. */

import { z } from "zod";
import { assert, ok, type Result } from "#base/result.ts";
import type { PositionSide } from "#trading/market.ts";
import { toText, type Price } from "#trading/money.ts";
import type { Refusal } from "../engine/refusal.ts";
import { settingsOf, type Position, type SymbolSettings } from "../engine/state.ts";
import { priceAt, type ContractSymbol } from "../prices/path.ts";
import {
  accountOf,
  readSymbol,
  type Customer,
  type Endpoints,
  type Hall,
  type PrivateEndpoint,
} from "./endpoint.ts";
import { readPage } from "./paging.ts";
import { accountRow, billRow, positionRow } from "./trading-rows.ts";
import { lowerCase, optionalText, readParams, text } from "./wire.ts";

const oneSymbol = z.object({ symbol: text });

/** Futures orders and positions may be read and written, spot read; nothing may be withdrawn. */
const AUTHORITIES = ["coor", "coow", "cpor", "cpow", "stor"];

const info: PrivateEndpoint = ({ engine }, _params, { uid }) =>
  ok({
    userId: uid,
    inviterId: "",
    ips: "",
    authorities: AUTHORITIES,
    parentId: Number(uid),
    traderType: "not_trader",
    channelCode: "",
    channel: "",
    regisTime: String(engine.path().start),
  });

const accounts: PrivateEndpoint = ({ engine }, _params, { uid }) =>
  ok([accountRow(engine.balances(uid))]);

const account: PrivateEndpoint = (hall, params, { uid }) => {
  const read = readParams(oneSymbol, params);
  if (!read.ok) return read;
  const symbol = readSymbol(hall, read.value.symbol);
  if (!symbol.ok) return symbol;
  const view = accountOf(hall, uid);
  const settings = settingsOf(view, symbol.value);
  return ok({
    ...accountRow(hall.engine.balances(uid)),
    crossedMarginLeverage: settings.crossedLeverage,
    isolatedLongLever: settings.isolatedLongLeverage,
    isolatedShortLever: settings.isolatedShortLeverage,
    marginMode: settings.marginMode,
    posMode: view.positionMode,
  });
};

const allPositions: PrivateEndpoint = (hall, _params, { uid }) =>
  ok([...accountOf(hall, uid).positions.values()].map((one) => toRow(hall, one, uid)));

const singlePosition: PrivateEndpoint = (hall, params, { uid }) => {
  const read = readParams(oneSymbol, params);
  if (!read.ok) return read;
  const symbol = readSymbol(hall, read.value.symbol);
  if (!symbol.ok) return symbol;
  const position = accountOf(hall, uid).positions.get(symbol.value);
  return ok(position === undefined ? [] : [toRow(hall, position, uid)]);
};

const toRow = (hall: Hall, position: Position, uid: Customer["uid"]) =>
  positionRow(position, accountOf(hall, uid), markPrice(hall, position.symbol));

export const markPrice = ({ engine }: Hall, symbol: ContractSymbol): Price => {
  const mark = priceAt(engine.path(), symbol, engine.now());
  assert(mark !== undefined, `${symbol} has a price now`);
  return mark;
};

const leverage = z.object({ symbol: text, leverage: text, holdSide: optionalText });

const setLeverage: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(leverage, params);
  if (!read.ok) return read;
  const { symbol, holdSide } = read.value;
  const side: PositionSide | undefined =
    holdSide === "long" || holdSide === "short" ? holdSide : undefined;
  const wanted = { uid, symbol, leverage: read.value.leverage, side };
  return settingsAnswer(symbol, engine.setLeverage(at, wanted));
};

const settingsAnswer = (
  symbol: string,
  settings: Result<SymbolSettings, Refusal>,
): Result<unknown, Refusal> =>
  settings.ok
    ? ok({
        symbol,
        marginCoin: "USDT",
        longLeverage: String(settings.value.isolatedLongLeverage),
        shortLeverage: String(settings.value.isolatedShortLeverage),
        crossMarginLeverage: String(settings.value.crossedLeverage),
        marginMode: settings.value.marginMode,
      })
    : settings;

const marginMode = z.object({ symbol: text, marginMode: lowerCase(["crossed", "isolated"]) });

const setMarginMode: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(marginMode, params);
  if (!read.ok) return read;
  return settingsAnswer(read.value.symbol, engine.setMarginMode(at, { uid, ...read.value }));
};

const positionMode = z.object({ posMode: lowerCase(["one_way_mode", "hedge_mode"]) });

const setPositionMode: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(positionMode, params);
  if (!read.ok) return read;
  const set = engine.setPositionMode(at, { uid, mode: read.value.posMode });
  return set.ok ? ok({ posMode: set.value }) : set;
};

const tradeRate: PrivateEndpoint = (hall, params) => {
  const read = readParams(oneSymbol, params);
  if (!read.ok) return read;
  const symbol = readSymbol(hall, read.value.symbol);
  if (!symbol.ok) return symbol;
  const contract = hall.engine.contracts.get(symbol.value);
  assert(contract !== undefined, `${symbol.value} is listed`);
  return ok({
    makerFeeRate: toText(contract.makerFeeRate),
    takerFeeRate: toText(contract.takerFeeRate),
  });
};

const bills = z.object({ businessType: optionalText, symbol: optionalText });

const bill: PrivateEndpoint = (hall, params, { uid }) => {
  const read = readParams(bills, params);
  if (!read.ok) return read;
  const { businessType, symbol } = read.value;
  const wanted = [...accountOf(hall, uid).bills.values()].filter(
    (one) =>
      (businessType === undefined || one.businessType === businessType) &&
      (symbol === undefined || one.symbol === symbol),
  );
  const page = readPage(params, wanted, (one) => ({ id: one.id, at: one.at }));
  return page.ok ? ok({ bills: page.value.items.map(billRow), endId: page.value.endId }) : page;
};

export const accountEndpoints: Endpoints<PrivateEndpoint> = {
  "GET /api/v2/spot/account/info": info,
  "GET /api/v2/mix/account/accounts": accounts,
  "GET /api/v2/mix/account/account": account,
  "GET /api/v2/mix/account/bill": bill,
  "GET /api/v2/mix/position/all-position": allPositions,
  "GET /api/v2/mix/position/single-position": singlePosition,
  "GET /api/v2/common/trade-rate": tradeRate,
  "POST /api/v2/mix/account/set-leverage": setLeverage,
  "POST /api/v2/mix/account/set-margin-mode": setMarginMode,
  "POST /api/v2/mix/account/set-position-mode": setPositionMode,
};
