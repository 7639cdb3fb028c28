/**
 * Lists that come in pages of a hundred, newest first, joined into one.
 *
 * The whole list speaks for the instant of its first page. A list without an end is not believed.
 */

import type { Lane } from "./budget.ts";
import type { Params } from "./client.ts";
import type { Endpoint } from "./endpoints.ts";
import { text, toRow, toRows, type Row } from "./fields.ts";
import type { Dated, Gate } from "./gate.ts";

export type ListRequest = {
  readonly lane: Lane;
  readonly endpoint: Endpoint;
  readonly params: Params;
  /** The field that holds the list, and the one that tells its rows apart. */
  readonly list: "entrustedList" | "fillList";
  readonly id: "orderId" | "tradeId";
};

const PAGE_SIZE = 100;
const MOST_PAGES = 50;

export const fetchPages = async (
  gate: Gate,
  { lane, endpoint, params, list, id }: ListRequest,
): Promise<Dated<ReadonlyArray<Row>>> => {
  const rowById = new Map<string, Row>();
  let first: Dated<unknown> | undefined;
  let before: Params = {};
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await gate.ask(lane, endpoint, { ...params, limit: `${PAGE_SIZE}`, ...before });
    first ??= { value: undefined, at: answer.at };
    const data = toRow(answer.data, "data");
    // This is how Bitget writes an empty list; a missing one is something else.
    const rows = data[list] === null ? [] : toRows(data[list], list);
    for (const row of rows) rowById.set(text(row, id), row);
    if (rows.length < PAGE_SIZE) return { value: [...rowById.values()], at: first.at };
    before = { idLessThan: text(data, "endId") };
  }
  throw new Error(`${endpoint.path} has more than ${MOST_PAGES} pages`);
};
