/** The machine's chance: for jitter, never for secrets or ids. */

import type { Random } from "#base/random.ts";

export const systemRandom: Random = () => Math.random();
