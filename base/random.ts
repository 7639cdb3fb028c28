/**
 * Chance as a function: the same seed and keys always give the same number.
 *
 * Keyed, not sequential: a draw depends on what it is for and not on how many draws came before, so
 * adding or removing one event does not shift every later one. Not for secrets.
 */

/** A number in [0, 1), another one each time: for jitter. `runtime/random.ts` has the machine's. */
export type Random = () => number;

/** A number in [0, 1), uniformly, decided by the seed and the keys alone. */
export const chance = (seed: number, ...keys: ReadonlyArray<string | number>): number => {
  let a = (seed ^ 0x9e3779b9) >>> 0;
  let b = (Math.imul(seed, 0x85ebca6b) ^ 0xc2b2ae35) >>> 0;
  for (const key of keys) {
    const text = String(key);
    for (let index = 0; index < text.length; index += 1) {
      a = Math.imul(a ^ text.charCodeAt(index), 0x01000193);
      b = Math.imul(b ^ text.charCodeAt(index), 0x85ebca6b);
    }
    // A separator that no character is, so that ("ab", "c") and ("a", "bc") differ.
    a = Math.imul(a ^ 0x10001, 0x01000193);
    b = Math.imul(b ^ 0x10001, 0x85ebca6b);
  }
  return (mix(a) * 2 ** 21 + (mix(b ^ a) >>> 11)) / 2 ** 53;
};

/** Normally distributed with mean 0 and deviation 1, by the same rule (Box-Muller). */
export const normal = (seed: number, ...keys: ReadonlyArray<string | number>): number => {
  // 1 - u is in (0, 1], so the logarithm is finite.
  const radius = Math.sqrt(-2 * Math.log(1 - chance(seed, ...keys, "radius")));
  return radius * Math.cos(2 * Math.PI * chance(seed, ...keys, "angle"));
};

/** Avalanche of a 32-bit word (murmur3's finalizer). */
const mix = (word: number): number => {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};
