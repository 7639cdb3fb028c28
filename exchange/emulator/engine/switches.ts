/**
 * Rules of the exchange that nobody could verify, or that it has in more than one form. Each has a
 * default, and tests run both ways: a strategy that is only safe under one of them is not safe.
 */

export type Switches = {
  /**
   * What a stop that came with an entry becomes when the entry fills: a plan of the filled size, or
   * the position's own stop (which it creates or overwrites).
   */
  readonly presetStop: "order" | "position";
  /** Plans with a size of their own, once the position that they reduce has closed. */
  readonly orphanPlans: "keep" | "cancel";
  /** Whether an id may come again once its order is done. */
  readonly clientIdReuse: "never" | "whenDone";
  /** Whether a reducing order may be worth less than the smallest order. */
  readonly reduceBelowMinimum: "allow" | "refuse";
  /** Setting the leverage to what it is. */
  readonly sameLeverage: "accept" | "refuse";
  /** What an account begins in. */
  readonly positionMode: PositionMode;
};

export type PositionMode = "one_way_mode" | "hedge_mode";

export const defaultSwitches: Switches = {
  presetStop: "order",
  orphanPlans: "keep",
  clientIdReuse: "never",
  reduceBelowMinimum: "allow",
  sameLeverage: "accept",
  positionMode: "one_way_mode",
};
