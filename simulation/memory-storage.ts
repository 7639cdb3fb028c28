/** The executor's storage in memory: what was appended is durable at once. */

import type { Storage } from "#executor/store.ts";

export const createMemoryStorage = (name = "memory"): Storage => {
  let snapshot: string | undefined;
  let journal = "";
  return {
    name,
    readSnapshot: () => snapshot,
    readJournal: () => journal,
    append: (text) => {
      journal += text;
      return Promise.resolve();
    },
    replace: (nextSnapshot, nextJournal) => {
      snapshot = nextSnapshot;
      journal = nextJournal;
      return Promise.resolve();
    },
  };
};
