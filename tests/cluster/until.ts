/**
 * Waits for what a real server does in its own time. Only for tests against real processes:
 * everything of ours is tested in virtual time.
 */

import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";

const POLL_MS = 50;
const TIMEOUT_MS = 30_000;

/** `what` completes the sentence of the failure. */
export const until = async (
  what: string,
  isSo: () => boolean | Promise<boolean>,
  timeoutMs = TIMEOUT_MS,
): Promise<void> => {
  const deadline = systemClock.elapsed() + timeoutMs;
  while (!(await isSo())) {
    if (systemClock.elapsed() > deadline) throw new Error(`not so in ${timeoutMs} ms: ${what}`);
    await sleep(systemClock, POLL_MS);
  }
};
