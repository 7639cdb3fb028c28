/** Concurrent work that is never left floating: every task is awaited, every defect is reported. */

export type Tasks = {
  readonly start: (task: () => Promise<void>) => void;
  /** Resolves when nothing is running any more. */
  readonly settled: () => Promise<void>;
};

export const createTasks = (onDefect: (defect: unknown) => void): Tasks => {
  const running = new Set<Promise<void>>();
  return {
    start: (task) => {
      const run = task()
        .catch(onDefect)
        .finally(() => running.delete(run));
      running.add(run);
    },
    settled: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
};
