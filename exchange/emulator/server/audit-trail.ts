/** The latest lines of the audit log, numbered from 1, for whoever asks what is new. */

import { assert } from "#base/result.ts";

export type AuditTrail = {
  /** The next line must have the next number. */
  readonly add: (index: number, line: string) => void;
  /** Lines after that number; `undefined`: they are no longer kept. */
  readonly since: (index: number) => ReadonlyArray<string> | undefined;
  readonly last: () => number;
  /** Number of the oldest line that is kept. */
  readonly oldest: () => number;
};

/** About 60 MB of text; the file of a state folder keeps everything. */
const LINES_MAX = 200_000;

export const createAuditTrail = (): AuditTrail => {
  let lines: string[] = [];
  let dropped = 0;
  return {
    add: (index, line) => {
      assert(index === dropped + lines.length + 1 || lines.length === 0, `event ${index} is next`);
      if (lines.length === 0) dropped = index - 1;
      lines.push(line);
      if (lines.length < LINES_MAX * 1.1) return;
      dropped += lines.length - LINES_MAX;
      lines = lines.slice(-LINES_MAX);
    },
    since: (index) => (index < dropped ? undefined : lines.slice(index - dropped)),
    last: () => dropped + lines.length,
    oldest: () => dropped + 1,
  };
};
