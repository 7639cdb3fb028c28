/**
 * Reads an environment file with suspicion: a key that is taken over wrongly is found out by an
 * exchange that refuses it, at night.
 *
 * Readers of such files disagree about `#`, `$`, backslashes and quotes: of `A=x#y` Node makes `x`
 * and Docker `x#y`. A value that they could read differently is therefore none, unless it stands in
 * single quotes, and so is one that stands in the middle of another one's quotes.
 */

import { parseEnv } from "node:util";

export type Assignment = {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
  /** `undefined` where readers of such files disagree. */
  readonly value: string | undefined;
};

export type EnvFile = {
  /** In the order of the file, a name as often as it stands there. */
  readonly assignments: ReadonlyArray<Assignment>;
  /** Lines that are neither assignments nor comments. Their text may be a piece of a key. */
  readonly unreadLines: ReadonlyArray<number>;
};

export const readEnvFile = (source: string): EnvFile => {
  const text = source.replace(/^\uFEFF/, "").replaceAll(/^[ \t]*export[ \t]+/gm, "");
  const whole = parseEnv(text);
  const lines = text.split(/\r?\n/).map((words, index) => ({ words, line: index + 1 }));
  const written = lines.flatMap(({ words, line }) => {
    const [, name, raw] = ASSIGNMENT.exec(words) ?? [];
    return name === undefined || raw === undefined ? [] : [{ name, line, raw: raw.trim() }];
  });
  const lastLineByName = new Map(written.map(({ name, line }) => [name, line]));
  const assignments = written.map(({ name, line, raw }) => {
    const alone = AGREED.test(raw) ? parseEnv(`${name}=${raw}`)[name] : undefined;
    const isLast = lastLineByName.get(name) === line;
    return { name, line, value: isLast && whole[name] !== alone ? undefined : alone };
  });
  const read = new Set(written.map(({ line }) => line));
  const unreadLines = lines.flatMap(({ words, line }) =>
    read.has(line) || NOTHING.test(words) ? [] : [line],
  );
  return { assignments, unreadLines };
};

/** Names in capitals only: what is left of `=` in a line that is a piece of a key is no name. */
const ASSIGNMENT = /^[ \t]*([A-Z][A-Z0-9_]{0,127})[ \t]*=(.*)$/;
const NOTHING = /^\s*(?:#.*)?$/;

const COMMENT = String.raw`(?:(?:^|\s+)#.*)?`;
const PLAIN = String.raw`(?:[^\s'"\x60#$\\](?:[^'"\x60#$\\]*[^\s'"\x60#$\\])?)?`;
/** Plain, in single or in double quotes, and a comment after a space: what all read in one way. */
const AGREED = new RegExp(String.raw`^(?:${PLAIN}|'[^']*'|"[^"$\\]*")${COMMENT}$`);
