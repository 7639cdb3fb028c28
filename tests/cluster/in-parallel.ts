/** Many requests to one real server, a bounded number of them in flight. */

const IN_FLIGHT = 16;

export const inParallel = async <T>(
  all: ReadonlyArray<T>,
  work: (one: T) => Promise<void>,
): Promise<void> => {
  const left = all.values();
  const worker = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
};
