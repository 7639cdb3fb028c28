/**
 * Numbers, times and ages as people read them. Pure: text in, text out.
 *
 * Decimals arrive as text and are rounded as text, so no digit on the page comes from a float. Minus
 * is U+2212, which is as wide as a plus; thousands are grouped by commas; times are in UTC, by which
 * the kill switch counts its days.
 */

const MINUS = "\u2212";
/** Shown where there is nothing to show. Screen readers get a word beside it. */
export const NOTHING = "\u2013";

const SIGNIFICANT = 6;

/** Six significant digits, or as many as there are: 97,841.1 and 0.0123457. */
export const price = (text: string): string => {
  const { whole, fraction } = split(text);
  const decimals =
    whole === "0" ? leadingZeros(fraction) + SIGNIFICANT : SIGNIFICANT - whole.length;
  return group(trimTo(round(text, Math.max(0, decimals)), 0));
};

/** Base units without trailing zeros. */
export const size = (text: string): string => group(trimTo(round(text, 8), 0));

/** Two decimals; four where two would hide that there is something. */
export const money = (text: string): string => {
  const rounded = round(text, 2);
  return group(isZero(rounded) && !isZero(text) ? round(text, 4) : rounded);
};

/** Money with its sign, for results: +1.21, −0.40, 0.00. */
export const signed = (text: string): string => {
  const shown = money(text);
  return isZero(text) || shown.startsWith(MINUS) ? shown : `+${shown}`;
};

export const percent = (value: number, decimals: number = 1): string => {
  const text = Math.abs(value).toFixed(decimals);
  return `${value < 0 && !isZero(text) ? MINUS : ""}${text}%`;
};

export const signedPercent = (value: number, decimals: number = 1): string =>
  value > 0 && !isZero(value.toFixed(decimals))
    ? `+${percent(value, decimals)}`
    : percent(value, decimals);

/** Which way a result goes, for the word and the colour beside its sign. */
export const direction = (text: string): "gain" | "loss" | "even" => {
  if (isZero(text)) return "even";
  return text.startsWith("-") ? "loss" : "gain";
};

/** How long, in the two largest units that say something: 4 s, 3 min, 1 h 30 min, 2 d 5 h. */
export const duration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min`;
  if (hours < 24) return pair(hours, "h", minutes % 60, "min");
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
};

const pair = (large: number, unit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;

export const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 19);
export const date = (at: number): string => new Date(at).toISOString().slice(0, 10);
export const dateTime = (at: number): string => `${date(at)} ${clockTime(at)}`;

/** The time alone on the day of `now`, else with its date. */
export const timeNear = (at: number, now: number): string =>
  date(at) === date(now) ? clockTime(at) : `${date(at).slice(5)} ${clockTime(at)}`;

/** BTC/USDT of BTC/USDT:USDT. */
export const pairOf = (symbol: string): string => symbol.split(":")[0] ?? symbol;
export const baseOf = (symbol: string): string => symbol.split("/")[0] ?? symbol;
export const quoteOf = (symbol: string): string => /\/([^:]+)/.exec(symbol)?.[1] ?? "";

/** 1 level, 2 levels. */
export const count = (number: number, noun: string): string =>
  `${number} ${number === 1 ? noun : `${noun}s`}`;

/** Why an order was sent or a cycle closed, in the words of a reader. */
export const cause = (kind: string): string => CAUSES[kind] ?? words(kind);

const CAUSES: Readonly<Record<string, string>> = {
  tp_global: "take-profit",
  sl_global: "stop",
  flatten: "flattened",
  external: "closed elsewhere",
  unprotected: "no stop confirmed",
};

/** KillSwitchEngaged as words; time_stop too. */
export const words = (name: string): string =>
  name
    .replaceAll("_", " ")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();

type Split = { readonly negative: boolean; readonly whole: string; readonly fraction: string };

const split = (text: string): Split => {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  return { negative: sign === "-", whole: whole.replace(/^0+(?=\d)/, ""), fraction };
};

/** To so many decimals, half away from zero, all of them written out. */
export const round = (text: string, decimals: number): string => {
  const { negative, whole, fraction } = split(text);
  const kept = fraction.slice(0, decimals).padEnd(decimals, "0");
  const up = (fraction[decimals] ?? "0") >= "5" ? 1n : 0n;
  const digits = (BigInt(whole + kept) + up).toString().padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  const value = decimals === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`;
  return negative && !isZero(value) ? `-${value}` : value;
};

/** Without zeros at the end, but for the first `least` decimals. */
const trimTo = (text: string, least: number): string => {
  const [whole = "", fraction = ""] = text.split(".");
  const kept = fraction.replace(/0+$/, "").padEnd(least, "0");
  return kept === "" ? whole : `${whole}.${kept}`;
};

const leadingZeros = (fraction: string): number => /^0*/.exec(fraction)?.[0].length ?? 0;

const isZero = (text: string): boolean => /^-?[0.]*$/.test(text);

const group = (text: string): string => {
  const [whole = "", fraction] = text.replace("-", "").split(".");
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  const sign = text.startsWith("-") ? MINUS : "";
  return `${sign}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
};
