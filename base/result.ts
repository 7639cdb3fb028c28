/**
 * Expected outcomes are values; broken invariants are exceptions.
 *
 * Return a `Result` when the caller has something sensible to do about the failure (a manifest does
 * not parse). Throw through `assert` when no caller could: the program is wrong, and the process
 * should stop and recover through the ordinary start-up path.
 */

export type Result<T, E> = Ok<T> | Err<E>;
export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err<E> = { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });
export const err = <E>(error: E): Err<E> => ({ ok: false, error });

/** States an invariant. Stays on in production: stopping is cheaper than trading on a wrong state. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}

/** Closes a `switch` over a union, so that a new member fails to compile until it is handled. */
export function unreachable(value: never): never {
  throw new Error(`invariant broken: unexpected ${JSON.stringify(value)}`);
}
