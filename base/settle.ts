/**
 * As `Promise.all`, but over only when each of them is, also where one fails: nothing of it goes on
 * behind the back of whoever tries again. Throws the first failure in the order given.
 */
export const settleAll = async <T>(all: ReadonlyArray<Promise<T>>): Promise<ReadonlyArray<T>> => {
  await Promise.allSettled(all);
  return Promise.all(all);
};
