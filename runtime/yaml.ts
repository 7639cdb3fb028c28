/**
 * YAML with a line and a column for everything in it.
 *
 * Files come from people and are merged by tools, so they are read with suspicion: bounded in size,
 * depth and expansion, no tags, no merge keys, no key twice, and no scalar that kubectl (YAML 1.1)
 * would read differently from us (YAML 1.2). A refused document costs a sentence; `leverage: 010`
 * read as 10 here and as 8 in the cluster would cost money. Knows nothing of what the files say.
 */

import {
  boolCoreTag,
  dump,
  EVENT_ID,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  SCALAR_STYLE,
  strTag,
  visit,
  YAMLException,
  type Document,
  type Event,
  type ScalarEvent,
} from "js-yaml";
import { assert, err, ok, type Result } from "#base/result.ts";

/** Both count from 1. */
export type Position = { readonly line: number; readonly column: number };
export type YamlProblem = { readonly position: Position; readonly words: string };
export type YamlPath = ReadonlyArray<string | number>;

export type YamlDocument = {
  /** JSON data, or `null` for a document that says nothing. */
  readonly value: unknown;
  /**
   * Where a key or a value is written. A list or a mapping is at the key that holds it, and what
   * is not written at all is at the nearest thing around it that is.
   */
  readonly locate: (path: YamlPath, at: "key" | "value") => Position;
};

const BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 50;
/** Characters and nodes that a file may unfold to. Aliases repeat text, so a small file can be big. */
const WEIGHT_MAX = 4 * 1024 * 1024;

export const parseYaml = (
  source: string,
): Result<ReadonlyArray<YamlDocument>, ReadonlyArray<YamlProblem>> => {
  if (Buffer.byteLength(source) > BYTES_MAX) {
    return err([{ position: { line: 1, column: 1 }, words: "the file is larger than 1 MiB" }]);
  }
  const text = source.replace(/^\uFEFF/, "");
  const positionOf = positionsIn(text);
  try {
    const problems: OffsetProblem[] = [];
    const events = parseEvents(text, { maxDepth: DEPTH_MAX });
    const roots = readDocuments(createInput(text, events, problems));
    if (problems.length > 0) {
      return err(problems.map(({ offset, words }) => ({ position: positionOf(offset), words })));
    }
    return ok(
      roots.map((root) => ({
        value: root.value,
        locate: (path, at) => positionOf(offsetOf(root, path, at)),
      })),
    );
  } catch (error) {
    // The parser says that it may throw anything: a file of somebody's must not end the process.
    return err([error instanceof YAMLException ? yamlProblem(error) : unforeseen(error)]);
  }
};

/** Block style, two spaces, no anchors: for files that people read, and for `parseYaml`. */
export const toYaml = (value: object): string =>
  dump(value, { lineWidth: 100, noRefs: true, transform: quoteAmbiguous });

const quoteAmbiguous = (documents: Document[]): void =>
  visit(documents, (node) => {
    if (node.kind === "scalar" && node.tag === strTag.tagName && readDifferently.test(node.value)) {
      node.style = SCALAR_STYLE.SINGLE_QUOTED;
    }
  });

const yamlProblem = ({ reason, mark }: YAMLException): YamlProblem => ({
  position: { line: (mark?.line ?? 0) + 1, column: (mark?.column ?? 0) + 1 },
  words: `YAML: ${reason}`,
});

const unforeseen = (error: unknown): YamlProblem => ({
  position: { line: 1, column: 1 },
  words: `YAML: cannot be read: ${String(error)}`,
});

type Node = {
  readonly value: unknown;
  /** Where the value begins; `undefined` where nothing is written or its key says it better. */
  readonly offset: number | undefined;
  readonly weight: number;
  readonly children: ReadonlyMap<string | number, Child>;
};
/** Items of a list have no key. */
type Child = { readonly node: Node; readonly keyOffset: number | undefined };
type OffsetProblem = { readonly offset: number; readonly words: string };

const offsetOf = (root: Node, path: YamlPath, at: "key" | "value"): number => {
  let node = root;
  let offset = root.offset ?? 0;
  for (const [index, step] of path.entries()) {
    const child = node.children.get(step);
    if (child === undefined) return offset;
    node = child.node;
    const isLast = index === path.length - 1;
    const isCollection = typeof node.value === "object" && node.value !== null;
    const own = isLast && at === "value" && !isCollection ? node.offset : child.keyOffset;
    offset = own ?? child.keyOffset ?? node.offset ?? offset;
  }
  return offset;
};

/** The events, which point into the text, and what has been found out while reading them. */
type Input = {
  readonly text: string;
  readonly peek: () => Event | undefined;
  readonly take: () => Event;
  /** Takes the end of the open list, mapping or document, if it is next. */
  readonly closes: () => boolean;
  readonly anchors: Map<string, Node>;
  readonly refuse: (offset: number, words: string) => void;
  /** Adds to what the file unfolds to, and answers with the sum. */
  readonly weigh: (offset: number, added: number) => number;
};

const createInput = (text: string, events: ReadonlyArray<Event>, problems: OffsetProblem[]) => {
  let weight = 0;
  let next = 0;
  const peek = () => events[next];
  const take = (): Event => {
    const event = events[next];
    assert(event !== undefined, "a YAML event stream closes what it opens");
    next += 1;
    return event;
  };
  return {
    text,
    peek,
    take,
    closes: () => peek()?.type === EVENT_ID.POP && take().type === EVENT_ID.POP,
    anchors: new Map<string, Node>(),
    refuse: (offset: number, words: string) => problems.push({ offset, words }),
    weigh: (offset: number, added: number) => {
      weight += added;
      if (weight > WEIGHT_MAX) YAMLException.throwAt(text, offset, "aliases unfold to too much");
      return weight;
    },
  };
};

const readDocuments = (input: Input): ReadonlyArray<Node> => {
  const roots: Node[] = [];
  while (input.peek() !== undefined) {
    assert(input.take().type === EVENT_ID.DOCUMENT, "a YAML stream is made of documents");
    input.anchors.clear();
    while (!input.closes()) roots.push(readNode(input));
  }
  return roots;
};

const readNode = (input: Input): Node => {
  const event = input.take();
  switch (event.type) {
    case EVENT_ID.ALIAS:
      return readAlias(input, event.anchorStart, event.anchorEnd);
    case EVENT_ID.SCALAR:
      return remember(input, event, readScalar(input, event));
    case EVENT_ID.SEQUENCE:
      return remember(input, event, readSequence(input, event.start));
    case EVENT_ID.MAPPING:
      return remember(input, event, readMapping(input, event.start));
    case EVENT_ID.DOCUMENT:
    case EVENT_ID.POP:
      throw new Error("invariant broken: a YAML node is a scalar, a list, a mapping or an alias");
  }
};

type Properties = Pick<ScalarEvent, "anchorStart" | "anchorEnd" | "tagStart">;

const remember = ({ text, anchors, refuse }: Input, event: Properties, node: Node): Node => {
  const { anchorStart, anchorEnd, tagStart } = event;
  if (tagStart >= 0) refuse(tagStart, "YAML: tags are not accepted; leave it out");
  if (anchorStart >= 0) anchors.set(text.slice(anchorStart, anchorEnd), node);
  return node;
};

/** An anchor is known when its node has been read, so that nothing can contain itself. */
const readAlias = ({ text, anchors, refuse, weigh }: Input, start: number, end: number): Node => {
  const name = text.slice(start, end);
  const offset = start - 1;
  const node = anchors.get(name);
  if (node === undefined) {
    refuse(offset, `YAML: no anchor &${name} stands above this alias`);
    return { value: null, offset, weight: 1, children: new Map() };
  }
  weigh(offset, node.weight);
  return { ...node, offset };
};

const readScalar = ({ text, refuse, weigh }: Input, event: ScalarEvent): Node => {
  const content = getScalarValue(text, event);
  const offset = scalarOffset(event);
  const weight = 1 + content.length;
  weigh(offset ?? 0, weight);
  const read = event.style === SCALAR_STYLE.PLAIN ? plainValue(content) : ok(content);
  if (!read.ok) refuse(offset ?? 0, read.error);
  return { value: read.ok ? read.value : null, offset, weight, children: new Map() };
};

const readSequence = (input: Input, offset: number): Node => {
  const before = input.weigh(offset, 0);
  const children = new Map<number, Child>();
  while (!input.closes()) {
    children.set(children.size, { node: readNode(input), keyOffset: undefined });
  }
  const value = [...children.values()].map(({ node }) => node.value);
  return { value, offset, weight: input.weigh(offset, 1) - before, children };
};

const readMapping = (input: Input, offset: number): Node => {
  const before = input.weigh(offset, 0);
  const children = new Map<string, Child>();
  while (!input.closes()) {
    const { name, keyOffset } = readKey(input, offset);
    const node = readNode(input);
    if (name === undefined) continue;
    if (children.has(name)) input.refuse(keyOffset, `YAML: key "${name}" already set in map`);
    else children.set(name, { node, keyOffset });
  }
  const value = Object.fromEntries([...children].map(([name, { node }]) => [name, node.value]));
  return { value, offset, weight: input.weigh(offset, 1) - before, children };
};

const readKey = (input: Input, mappingOffset: number) => {
  const event = input.peek();
  const isWord = event?.type === EVENT_ID.SCALAR && event.valueStart >= 0;
  const keyOffset = isWord ? (scalarOffset(event) ?? event.valueStart) : mappingOffset;
  const name = isWord ? getScalarValue(input.text, event) : undefined;
  readNode(input);
  if (name === undefined) input.refuse(keyOffset, "YAML: a key must be a word");
  // In quotes it is a word like others.
  if (name !== "<<" || !isWord || event.style !== SCALAR_STYLE.PLAIN) return { name, keyOffset };
  input.refuse(keyOffset, "YAML: merge keys are not accepted; write the keys out");
  return { name: undefined, keyOffset };
};

/** A quote belongs to its value. A block scalar begins on the line below the key that names it. */
const scalarOffset = ({ style, valueStart }: ScalarEvent): number | undefined => {
  if (valueStart < 0) return undefined;
  if (style === SCALAR_STYLE.PLAIN) return valueStart;
  const isQuoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
  return isQuoted ? valueStart - 1 : undefined;
};

/** Words and numbers that YAML 1.1 reads as something else than YAML 1.2 does. */
const readDifferently =
  /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|[-+]?0[0-9_]+|[-+]?0b[01_]+|[-+]?0o[0-7_]+|[-+]?[0-9][0-9]*_[0-9_]*(?:\.[0-9_]*)?)$/;

const plainValue = (content: string): Result<unknown, string> => {
  if (readDifferently.test(content)) {
    return err(
      `YAML: ${content} is read differently by kubectl; write true, false or a plain number, or put it in quotes`,
    );
  }
  for (const tag of [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag]) {
    const value: unknown = tag.resolve(content, false, tag.tagName);
    if (value === NOT_RESOLVED) continue;
    if (typeof value === "number" && !Number.isFinite(value)) {
      return err(`YAML: ${content} is not a number that JSON can hold`);
    }
    // JSON has one zero.
    return ok(value === 0 ? 0 : value);
  }
  return ok(content);
};

/** Line and column of an offset, by the starts of the lines. */
const positionsIn = (text: string): ((offset: number) => Position) => {
  const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map((end) => end.index + end[0].length)];
  return (offset) => {
    const after = starts.findIndex((start) => start > offset);
    const line = after === -1 ? starts.length : after;
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
};
