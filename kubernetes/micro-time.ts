/**
 * Times as the API server writes them.
 *
 * A MicroTime has exactly six digits after the point: the server answers 400 to the three that
 * `toISOString` gives, and an elector that does not know never leads. Conditions and metadata have
 * whole seconds.
 */

import type { Millis } from "#base/clock.ts";

export const microTime = (at: Millis): string => new Date(at).toISOString().replace("Z", "000Z");

export const wholeSeconds = (at: Millis): string =>
  new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
