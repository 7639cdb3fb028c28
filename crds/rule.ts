/**
 * A rule between fields, said twice: to the API server in CEL, and here as a predicate.
 *
 * A predicate reads only the fields that its rule is about: one that does not parse leaves its rule
 * silent, since the schema has already refused it, and lets every other rule speak.
 */

import { z } from "zod";

export type Path = ReadonlyArray<string | number>;

/** Stands for every item of a list. */
export const EACH = "[]";

export type LiveStrategyRule = {
  /** The node that carries the rule, from the root of the resource. */
  readonly path: ReadonlyArray<string>;
  readonly cel: string;
  readonly message: string;
  /** The field below the node that the API server names, where that is not the node itself. */
  readonly fieldPath?: ReadonlyArray<string>;
  /** What breaks the rule, as paths from the node. Empty when it holds. */
  readonly broken: (self: unknown, oldSelf: unknown) => ReadonlyArray<Path>;
};

type Described<T> = Omit<LiveStrategyRule, "broken"> & {
  readonly reads: z.ZodType<T>;
  readonly broken: (self: T, oldSelf: T | undefined) => ReadonlyArray<Path>;
};

export const describeRule = <T>({ reads, broken, ...rule }: Described<T>): LiveStrategyRule => ({
  ...rule,
  broken: (self, oldSelf) => {
    const read = reads.safeParse(self);
    return read.success ? broken(read.data, reads.safeParse(oldSelf).data) : [];
  },
});

export const HERE: ReadonlyArray<Path> = [[]];
export const hereUnless = (holds: boolean): ReadonlyArray<Path> => (holds ? [] : HERE);

/** A CEL string: its own escapes are those of the pattern, doubled. */
export const celText = (pattern: string): string => `'${pattern.replaceAll("\\", "\\\\")}'`;

export const matching = (
  path: ReadonlyArray<string>,
  pattern: string,
  message: string,
): LiveStrategyRule =>
  describeRule({
    path,
    cel: `self.matches(${celText(pattern)})`,
    message,
    reads: z.string(),
    broken: (self) => hereUnless(new RegExp(pattern).test(self)),
  });
