/** Lists of the memory store. All pages of one list speak of the version of its first. */

import { err, ok, type Result } from "#base/result.ts";
import type { ApiError, ListQuery, Page } from "../api.ts";
import type { KubeObject } from "../object.ts";
import type { Resource } from "../resource.ts";
import type { MemoryStore } from "./memory-store.ts";
import { isSelected } from "./selectors.ts";
import { tooLarge } from "./memory-watch.ts";

type Rest = { readonly items: ReadonlyArray<KubeObject>; readonly resourceVersion: string };

/** Lists that may be gone on with at a time; an older one has expired. */
const RESTS_MAX = 20;

export const createList = (store: MemoryStore) => {
  const restByToken = new Map<string, Rest>();
  let tokens = 0;

  const cut = ({ items, resourceVersion }: Rest, limit: number | undefined): Page => {
    if (limit === undefined || items.length <= limit) {
      return { items, resourceVersion, continue: undefined };
    }
    tokens += 1;
    const token = String(tokens);
    restByToken.set(token, { items: items.slice(limit), resourceVersion });
    const [oldest] = restByToken.keys();
    if (restByToken.size > RESTS_MAX && oldest !== undefined) restByToken.delete(oldest);
    return { items: items.slice(0, limit), resourceVersion, continue: token };
  };

  return (resource: Resource, query: ListQuery): Result<Page, ApiError> => {
    const { limit, resourceVersion = "0" } = query;
    if (Number(resourceVersion) > store.version()) return err(tooLarge(resourceVersion));
    if (query.continue !== undefined) {
      const rest = restByToken.get(query.continue);
      if (rest !== undefined) return ok(cut(rest, limit));
      return err({ kind: "Expired", message: "the list is too old to go on with" });
    }
    const items = store.all(resource).filter((object) => isSelected(object, query));
    return ok(cut({ items, resourceVersion: String(store.version()) }, limit));
  };
};
