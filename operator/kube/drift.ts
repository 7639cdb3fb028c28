/**
 * When to stop repairing: something else that writes the same field would go on for ever, and each
 * change of the pod is a restart of the executor.
 *
 *     closed --- as many repairs as the limit within the window, and one more is wanted ---> open
 *     open --- a whole window since the last repair, or another generation of the spec ---> closed
 *
 * Pure: the caller keeps one state for each child and asks for the next before it repairs. Bringing
 * a child to a new version of what is wanted is no repair.
 */

export type FightLimits = {
  /** Repairs of one child within the window; the next one is not made. */
  readonly repairsMax: number;
  readonly windowMs: number;
};

const FIGHT_LIMITS: FightLimits = { repairsMax: 3, windowMs: 600_000 };

export type Repair = {
  /** On the clock that never goes back. */
  readonly at: number;
  /** Of the spec: a new one says that a person has been there. */
  readonly generation: number;
  /** What is to be put right. */
  readonly paths: ReadonlyArray<string>;
};

export type FightState = {
  /** Whether this repair must not be made. */
  readonly isOpen: boolean;
  /** Those that were made, oldest first, and never more than the limit. */
  readonly repairs: ReadonlyArray<Repair>;
};

/** Takes the repair for made unless the answer is open. */
export const nextFight = (
  before: FightState | undefined,
  repair: Repair,
  limits: FightLimits = FIGHT_LIMITS,
): FightState => {
  const isRecent = ({ at }: Repair) => repair.at - at < limits.windowMs;
  const made = (before?.repairs ?? []).filter(({ generation }) => generation === repair.generation);
  const latest = made.at(-1);
  if (latest !== undefined && made.length >= limits.repairsMax && isRecent(latest)) {
    return { isOpen: true, repairs: made };
  }
  return { isOpen: false, repairs: [...made.filter(isRecent), repair] };
};
