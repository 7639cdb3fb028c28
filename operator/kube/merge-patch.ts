/**
 * A JSON merge patch (RFC 7386) that makes one value into another: all of the new one, and `null` for
 * what only the old one has. The whole is sent, not the difference: the server's version may be
 * another than the one that we know, and is then made right as well. Pure.
 */

type Tree = Readonly<Record<string, unknown>>;

export const mergePatch = (before: Tree, after: Tree): Tree => {
  const gone = Object.keys(before).filter((name) => after[name] === undefined);
  return {
    ...Object.fromEntries(
      Object.entries(after).map(([name, value]) => {
        const old = before[name];
        return [name, isTree(old) && isTree(value) ? mergePatch(old, value) : value];
      }),
    ),
    ...Object.fromEntries(gone.map((name) => [name, null])),
  };
};

/** Lists are replaced as wholes. */
const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);
