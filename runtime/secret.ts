/** A value that must not be printed: whatever formats it gets `[redacted]`. */

import { inspect } from "node:util";

export type Secret = {
  /** The only way to the value. Call it where it leaves for its owner, and nowhere else. */
  readonly reveal: () => string;
  readonly toString: () => string;
  readonly toJSON: () => string;
};

const REDACTED = "[redacted]";

export const secret = (value: string): Secret => {
  const hidden = {
    reveal: () => value,
    toString: () => REDACTED,
    toJSON: () => REDACTED,
    [inspect.custom]: () => REDACTED,
  };
  return Object.freeze(hidden);
};
