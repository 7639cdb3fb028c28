/** Newest first, a page at a time: `idLessThan` goes on where `endId` of the page before ended. */

import { z } from "zod";
import type { Millis } from "#base/clock.ts";
import { ok, type Result } from "#base/result.ts";
import type { Refusal } from "../engine/refusal.ts";
import { count, instant, optionalText, readParams, type Params } from "./wire.ts";

export type Page<T> = {
  readonly items: ReadonlyArray<T>;
  /** `null`: the list is empty. */
  readonly endId: string | null;
};

const PAGE_MAX = 100;

const paging = z.object({
  limit: count(PAGE_MAX, PAGE_MAX),
  idLessThan: optionalText,
  startTime: instant,
  endTime: instant,
});

/** `items` are oldest first, with rising ids of one length. */
export const readPage = <T>(
  params: Params,
  items: ReadonlyArray<T>,
  keyOf: (item: T) => { readonly id: string; readonly at: Millis },
): Result<Page<T>, Refusal> => {
  const read = readParams(paging, params);
  if (!read.ok) return read;
  const { limit, idLessThan, startTime, endTime } = read.value;
  const page = items
    .filter((item) => {
      const { id, at } = keyOf(item);
      return (
        (idLessThan === undefined || id < idLessThan) &&
        (startTime === undefined || at >= startTime) &&
        (endTime === undefined || at <= endTime)
      );
    })
    .toSorted((a, b) => (keyOf(a).id < keyOf(b).id ? 1 : -1))
    .slice(0, limit);
  const last = page.at(-1);
  return ok({ items: page, endId: last === undefined ? null : keyOf(last).id });
};
