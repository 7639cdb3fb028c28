/**
 * Waits for a predecessor to let go of the state folder.
 *
 * A Deployment starts the next pod of a deleted one while that one still ends (Recreate speaks of
 * rollouts only): who gave up at once would be restarted with growing pauses, and positions would be
 * without an executor for as long.
 */

import { sleep, type Clock, type Timers } from "#base/clock.ts";
import { err, type Result } from "#base/result.ts";
import type { Folder, FolderProblem } from "./folder.ts";

export type FolderWaitDeps = {
  readonly open: () => Promise<Result<Folder, FolderProblem>>;
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
};

/** Longer than a pod is given to end. */
const WITHIN_MS = 90_000;
const PERIOD_MS = 250;

/** An error says why there is none; also when the signal has aborted. `onWaiting` is called once. */
export const untilFolder = async (
  { open, clock, timers }: FolderWaitDeps,
  signal: AbortSignal,
  onWaiting: (problem: string) => void,
): Promise<Result<Folder, string>> => {
  const deadline = clock.elapsed() + WITHIN_MS;
  for (let tries = 1; ; tries += 1) {
    const folder = await open();
    if (folder.ok) return folder;
    const { kind, detail } = folder.error;
    const isOver = signal.aborted || clock.elapsed() >= deadline;
    if (kind === "Unusable" || isOver) return err(detail);
    if (tries === 1) onWaiting(detail);
    await sleep(timers, PERIOD_MS, signal);
  }
};
