/**
 * One way to end: SIGTERM, Ctrl-C, or the death of the parent process abort one signal.
 *
 * A child of `scalp up` has an open channel to its parent. When the channel breaks the parent is
 * gone, even by SIGKILL, and a child that lived on would be an executor that nobody supervises. A
 * second request to end means now.
 */

export type Shutdown = {
  readonly signal: AbortSignal;
  /** Why the process is ending, once it is. */
  readonly reason: () => string | undefined;
};

const INTERRUPTED = 130;

export const onShutdown = (): Shutdown => {
  const controller = new AbortController();
  let reason: string | undefined;
  const request = (why: string) => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    reason = why;
    controller.abort();
  };
  process.on("SIGTERM", () => request("SIGTERM"));
  process.on("SIGINT", () => request("SIGINT"));
  if (process.channel !== undefined) {
    process.once("disconnect", () => {
      if (!controller.signal.aborted) request("the parent process is gone");
    });
  }
  return { signal: controller.signal, reason: () => reason };
};

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
