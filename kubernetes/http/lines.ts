/**
 * Lines out of chunks that are cut anywhere, in the middle of a character too.
 *
 * A newline is one byte that occurs in no other character of UTF-8, so bytes are cut first and read
 * afterwards. An unfinished line is kept as pieces and joined once: a large object that comes in many
 * small chunks is not copied again for each.
 */

export type Lines = {
  /** The lines that the chunk completes. Throws when one grows beyond the limit. */
  readonly push: (chunk: Buffer) => ReadonlyArray<string>;
  /** Bytes of a line that has not ended. */
  readonly rest: () => number;
};

const NEWLINE = 0x0a;

export const createLines = (lineBytesMax: number): Lines => {
  let pieces: Buffer[] = [];
  let rest = 0;
  const keep = (piece: Buffer) => {
    rest += piece.length;
    if (rest > lineBytesMax) throw new Error(`a line is longer than ${lineBytesMax} bytes`);
    if (piece.length > 0) pieces.push(piece);
  };
  const take = (): string => {
    const [first] = pieces;
    const line = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
    pieces = [];
    rest = 0;
    return line.toString("utf8");
  };
  return {
    push: (chunk) => {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        keep(chunk.subarray(start, end));
        lines.push(take());
        start = end + 1;
      }
      keep(chunk.subarray(start));
      return lines;
    },
    rest: () => rest,
  };
};
