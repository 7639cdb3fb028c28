/**
 * What was learned once and never changes: whose order an exchange's id is, what Bitget calls a plan.
 * Bounded, so the oldest memories go first; forgetting costs one more request, never a wrong answer.
 */

export type Memory<K, V> = {
  readonly remember: (key: K, value: V) => void;
  readonly recall: (key: K) => V | undefined;
};

export const createMemory = <K, V>(capacity: number): Memory<K, V> => {
  const valueByKey = new Map<K, V>();
  return {
    remember: (key, value) => {
      valueByKey.set(key, value);
      for (const oldest of valueByKey.keys()) {
        if (valueByKey.size <= capacity) break;
        valueByKey.delete(oldest);
      }
    },
    recall: (key) => valueByKey.get(key),
  };
};
