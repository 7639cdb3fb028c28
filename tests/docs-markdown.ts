/** What the documents' tests read in a Markdown text: blocks, commands, links and headings. Pure. */

export type Block = {
  /** `sh`, `sh run`, `yaml`, … */
  readonly info: string;
  /** Of the first line in the block, counted from 1. */
  readonly line: number;
  readonly lines: ReadonlyArray<string>;
};

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*(.*)$/;

/** The fenced blocks of a text. One that is never closed reaches to the end. */
export const blocksOf = (text: string): ReadonlyArray<Block> => splitFences(text).blocks;

/** Targets of `[words](target)`, images included; none of those that stand in code. */
export const linksOf = (text: string): ReadonlyArray<string> =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(
    ([, target]) => target ?? "",
  );

/** The anchors that GitHub gives to a text's headings. */
export const anchorsOf = (text: string): ReadonlyArray<string> =>
  splitFences(text).rest.flatMap((line) => {
    const [, words] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? [];
    return words === undefined ? [] : [slugOf(words)];
  });

const slugOf = (words: string): string =>
  words
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

const withoutCode = (text: string): string =>
  splitFences(text)
    .rest.join("\n")
    .replaceAll(/`[^`\n]*`/g, "");

type Split = { readonly blocks: ReadonlyArray<Block>; readonly rest: ReadonlyArray<string> };

const splitFences = (text: string): Split => {
  const blocks: Block[] = [];
  const rest: string[] = [];
  let open: { readonly mark: string; readonly info: string; readonly line: number } | undefined;
  let inside: string[] = [];
  const close = () => {
    if (open !== undefined) blocks.push({ info: open.info, line: open.line, lines: inside });
    open = undefined;
    inside = [];
  };
  for (const [index, line] of text.split("\n").entries()) {
    const [, mark = "", info = ""] = FENCE.exec(line) ?? [];
    if (open === undefined && mark !== "") open = { mark, info: info.trim(), line: index + 2 };
    else if (open === undefined) rest.push(line);
    else if (mark.startsWith(open.mark) && info === "") close();
    else inside.push(line);
  }
  close();
  return { blocks, rest };
};

export type Command = { readonly program: string; readonly args: ReadonlyArray<string> };

const SEPARATORS = new Set(["|", "||", "&&", ";", "&"]);

/** The commands of a shell line: words without quotes, comments, assignments or redirections. */
export const commandsOf = (line: string): ReadonlyArray<Command> => {
  const commands: string[][] = [[]];
  for (const word of wordsOf(line)) {
    if (word.startsWith("#")) break;
    if (SEPARATORS.has(word)) commands.push([]);
    else commands.at(-1)?.push(word.replaceAll(/^(["'])(.*)\1$/g, "$2"));
  }
  return commands.flatMap((words) => {
    const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
    const [program, ...args] = start < 0 ? [] : words.slice(start);
    return program === undefined ? [] : [{ program, args }];
  });
};

/** Quotes hold a word together, also in its middle: `ARGS="--for 20s"` is one. */
export const wordsOf = (line: string): ReadonlyArray<string> =>
  line.match(/(?:"[^"]*"|'[^']*'|[^\s"';|&]|\$\([^)]*\))+|[|&;]+/g) ?? [];
