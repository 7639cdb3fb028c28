/**
 * What somebody else told us, or that we do not know.
 *
 * `Unknown` is a value of its own. It is never an empty list, a zero, `flat` or `rejected`: a fetch
 * that failed proves nothing about a position, and reading it as "flat" is how bots double their
 * exposure during an outage.
 */

import type { Millis } from "./clock.ts";

export type Fact<T> = Known<T> | Unknown;
/** `at` is the instant the answer speaks for, by the clock of whoever gave it. */
export type Known<T> = { readonly kind: "Known"; readonly value: T; readonly at: Millis };
export type Unknown = { readonly kind: "Unknown"; readonly reason: string };

export const known = <T>(value: T, at: Millis): Known<T> => ({ kind: "Known", value, at });
export const unknown = (reason: string): Unknown => ({ kind: "Unknown", reason });
