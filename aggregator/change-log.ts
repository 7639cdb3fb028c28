/**
 * Which part of the picture changed when: what lets a page that was away catch up with one message.
 *
 * Not a list of messages but a number on every part: whoever has seen `sequence` is sent the parts
 * with a higher one. What a reader missed is therefore never longer than the picture itself, however
 * slow or long away it was, and the last value of everything always arrives.
 */

import type { Parts } from "./snapshot.ts";

export type ChangeLog = {
  readonly sequence: number;
  readonly head: Stamped;
  readonly orders: Stamped;
  readonly strategies: ReadonlyMap<string, Stamped>;
  /** Strategies that are gone, with the sequence at which they went; the oldest are forgotten. */
  readonly gone: ReadonlyMap<string, number>;
  /** Whoever has seen less than this may have missed a strategy that went. */
  readonly forgottenUpTo: number;
};

/** A part as JSON text, and the sequence at which it became that. */
type Stamped = { readonly json: string; readonly sequence: number };

const nothing: Stamped = { json: "", sequence: 0 };

export const emptyLog: ChangeLog = {
  sequence: 0,
  head: nothing,
  orders: nothing,
  strategies: new Map(),
  gone: new Map(),
  forgottenUpTo: 0,
};

const GONE_MAX = 256;

/** Takes a new picture. The same log comes back when nothing has changed. */
export const takeParts = (log: ChangeLog, parts: Parts): ChangeLog => {
  const sequence = log.sequence + 1;
  const stamp = (before: Stamped | undefined, value: unknown): Stamped => {
    const json = JSON.stringify(value);
    return before?.json === json ? before : { json, sequence };
  };
  const head = stamp(log.head, withoutTime(parts.head));
  const orders = stamp(log.orders, parts.orders);
  const strategies = new Map(
    Object.entries(parts.strategies).map(
      ([key, view]) => [key, stamp(log.strategies.get(key), view)] as const,
    ),
  );
  const newlyGone = [...log.strategies.keys()].filter((key) => !strategies.has(key));
  const changed =
    newlyGone.length > 0 ||
    [head, orders, ...strategies.values()].some((part) => part.sequence === sequence);
  if (!changed) return log;
  const gone = [
    ...[...log.gone].filter(([key]) => !strategies.has(key)),
    ...newlyGone.map((key) => [key, sequence] as const),
  ];
  const forgotten = gone.slice(0, Math.max(0, gone.length - GONE_MAX)).at(-1)?.[1];
  return {
    sequence,
    head,
    orders,
    strategies,
    gone: new Map(gone.slice(-GONE_MAX)),
    forgottenUpTo: forgotten ?? log.forgottenUpTo,
  };
};

/** The instant moves all the time and is sent with every message; it is not a change. */
const withoutTime = ({ at: _, ...head }: Parts["head"]): object => head;

/** The whole picture as JSON. */
export const snapshotJson = (log: ChangeLog, epoch: string, at: number): string => {
  const strategies = [...log.strategies].map(([key, { json }]) => `${JSON.stringify(key)}:${json}`);
  const start = JSON.stringify({ epoch, sequence: log.sequence, at }).slice(0, -1);
  const head = log.head.json.slice(1, -1);
  return `${start},${head},"strategies":{${strategies.join(",")}},"orders":${log.orders.json}}`;
};

/** What has changed after `seen`, as JSON; `undefined` when that can not be told any more. */
export const updateJson = (log: ChangeLog, seen: number, at: number): string | undefined => {
  if (seen > log.sequence || seen < log.forgottenUpTo) return undefined;
  const strategies = [
    ...[...log.strategies].flatMap(([key, { json, sequence }]) =>
      sequence > seen ? [`${JSON.stringify(key)}:${json}`] : [],
    ),
    ...[...log.gone].flatMap(([key, sequence]) =>
      sequence > seen ? [`${JSON.stringify(key)}:null`] : [],
    ),
  ];
  const fields = [
    `"sequence":${log.sequence}`,
    `"at":${at}`,
    ...(log.head.sequence > seen ? [`"head":{"at":${at},${log.head.json.slice(1)}`] : []),
    ...(strategies.length > 0 ? [`"strategies":{${strategies.join(",")}}`] : []),
    ...(log.orders.sequence > seen ? [`"orders":${log.orders.json}`] : []),
  ];
  return `{${fields.join(",")}}`;
};
