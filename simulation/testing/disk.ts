/**
 * The executor's storage with the semantics of a disk: writing takes time, and a process that dies
 * meanwhile leaves all of it, nothing of it, or half of the last line.
 */

import { sleep } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { parseLines } from "#executor/journal.ts";
import type { Storage } from "#executor/store.ts";
import type { VirtualTime } from "../time.ts";

export type Disk = {
  /** For one life; whatever it writes after its death stays unwritten. */
  readonly mount: (death: AbortSignal) => Storage;
  readonly journal: () => string;
  /** As a volume that is replaced by an empty one. */
  readonly wipe: () => void;
};

const SYNC_MIN_MS = 1;
const SYNC_SPREAD_MS = 20;

export const createDisk = (time: VirtualTime, seed: number): Disk => {
  let snapshot: string | undefined;
  let journal = "";
  let writes = 0;
  const draw = (what: string) => chance(seed, "disk", what, writes);
  /** True when the writer has lived to see it. */
  const sync = async (death: AbortSignal): Promise<boolean> => {
    writes += 1;
    await sleep(time, SYNC_MIN_MS + SYNC_SPREAD_MS * draw("latency"));
    return !death.aborted;
  };
  return {
    journal: () => journal,
    wipe: () => {
      snapshot = undefined;
      journal = "";
    },
    mount: (death) => {
      // What a crash has torn is cut off before anything is appended to it, as the folder does.
      const lines = parseLines(journal);
      if (lines.ok) journal = journal.slice(0, lines.value.soundLength);
      return {
        name: "disk",
        readSnapshot: () => snapshot,
        readJournal: () => journal,
        append: async (text) => {
          if (death.aborted) return never();
          const before = journal;
          const torn = Math.floor(text.length * Math.min(1, 2 * draw("torn")));
          const onDeath = () => (journal = before + text.slice(0, torn));
          death.addEventListener("abort", onDeath, { once: true });
          const isAlive = await sync(death);
          death.removeEventListener("abort", onDeath);
          if (!isAlive) return never();
          journal = before + text;
        },
        replace: async (nextSnapshot, nextJournal) => {
          if (death.aborted || !(await sync(death))) return never();
          snapshot = nextSnapshot;
          if (!(await sync(death))) return never();
          journal = nextJournal;
        },
      };
    },
  };
};

const never = (): Promise<never> => new Promise(() => {});
