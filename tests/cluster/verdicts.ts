/**
 * What a real API server says of a LiveStrategy, beside what our own check says of it.
 *
 * A server that finds an unknown field looks no further, and one that finds a wrong type or a missing
 * field does not evaluate the rules. Ours goes on. So the server's sentences must be ours, all of
 * them; where it has looked at everything, ours must be its, too.
 */

import { checkManifest } from "#crds/live-strategy-check.ts";
import type { LiveStrategyManifest } from "#crds/live-strategy.ts";
import { liveStrategyRules } from "#crds/live-strategy-rules.ts";
import { z } from "zod";
import type { ApiAnswer, ApiCall } from "./api-call.ts";

export type Verdict = {
  readonly status: number;
  /** `Status.message`; empty where it was accepted. */
  readonly message: string;
  /** One for each fault that it names, without the remark below. */
  readonly sentences: ReadonlyArray<string>;
  /** Whether it has looked at everything. */
  readonly isWhole: boolean;
};

export const LIVE_STRATEGIES = "/apis/scalpradar.io/v1alpha1/namespaces/trading/livestrategies";
const DRY_RUN = "?dryRun=All&fieldValidation=Strict";
const STRICT = "strict decoding error: ";
export const UNCHECKED =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

const refusal = z.object({
  message: z.string(),
  details: z
    .object({
      causes: z
        .array(z.object({ field: z.string().default("<nil>"), message: z.string() }))
        .default([]),
    })
    .prefault({}),
});

/** Whether it would be created; nothing is. */
export const askToCreate = async (call: ApiCall, manifest: unknown): Promise<Verdict> =>
  verdictOf(await call("POST", LIVE_STRATEGIES + DRY_RUN, manifest));

/** Whether it would replace the one of its name; nothing is replaced. */
export const askToReplace = async (
  call: ApiCall,
  name: string,
  manifest: unknown,
): Promise<Verdict> =>
  verdictOf(await call("PUT", `${LIVE_STRATEGIES}/${name}${DRY_RUN}`, manifest));

export const verdictOf = ({ status, body }: ApiAnswer): Verdict => {
  if (status < 300) return { status, message: "", sentences: [], isWhole: true };
  const { message, details } = refusal.parse(body);
  if (details.causes.length === 0) {
    return { status, message, sentences: withoutCauses(message), isWhole: false };
  }
  const sentences = details.causes.map((cause) => `${cause.field}: ${cause.message}`);
  const found = sentences.filter((sentence) => sentence !== UNCHECKED);
  return { status, message, sentences: found, isWhole: found.length === sentences.length };
};

/** Unknown fields come in one line; other bad requests are one fault. */
const withoutCauses = (message: string): ReadonlyArray<string> => {
  const [, list] = message.split(STRICT);
  if (list === undefined) return [message];
  return list.split(/, (?=(?:unknown|duplicate) field)/).map((one) => STRICT + one);
};

/** What our own check says, without an end in parentheses: that is the remedy. */
export const localSentences = (
  manifest: unknown,
  inForce?: LiveStrategyManifest,
): ReadonlyArray<string> => {
  const checked = checkManifest(manifest, inForce);
  return checked.ok ? [] : checked.error.map(({ words }) => words);
};

/** What is wrong with a pair of verdicts, in words for whoever has to mend it; or nothing. */
export const disagreement = (server: Verdict, local: ReadonlyArray<string>): string | undefined => {
  const isAccepted = server.status < 300;
  if (server.status >= 500) return `the server failed: ${server.status} ${server.message}`;
  if (isAccepted !== (local.length === 0)) {
    return `the server ${isAccepted ? "accepts" : "refuses"}, our check does not`;
  }
  if (isDecoderError(server)) return undefined;
  const theirs = [...new Set(server.sentences.map(inOurWords))];
  const unsaid = theirs.filter((sentence) => !local.some((words) => says(words, sentence)));
  if (unsaid.length > 0) return `only the server says: ${unsaid.join("; ")}`;
  const invented = local.filter(
    (words) => !theirs.some((sentence) => says(words, sentence)) && !mayBeOurs(server, words),
  );
  return invented.length > 0 ? `only our check says: ${invented.join("; ")}` : undefined;
};

/** The same sentence, with or without a remedy after it. */
const says = (words: string, sentence: string): boolean =>
  words === sentence || (words.startsWith(`${sentence} (`) && words.endsWith(")"));

/** After an unknown field anything may be left unsaid; after another fault, the rules. */
const mayBeOurs = (server: Verdict, words: string): boolean => {
  if (server.isWhole) return false;
  return server.status === 400 || liveStrategyRules.some(({ message }) => words.endsWith(message));
};

/** Where the two cannot be equal, and why. */
const inOurWords = (sentence: string): string =>
  differences.reduce((words, { theirs, ours }) => words.replace(theirs, ours), sentence);

const differences: ReadonlyArray<{
  readonly why: string;
  readonly theirs: RegExp;
  readonly ours: string;
}> = [
  {
    why: "a rule at the root cannot name a field of metadata; a line of a file can be named",
    theirs: /^<nil>: (Invalid value: a strategy's name must)/,
    ours: "metadata.name: $1",
  },
  {
    why: "a fraction where a whole number belongs is refused a second time without its field, and only so within 1e-9 of a whole number",
    theirs:
      /^<nil>: Invalid value: "": Checked value must be of type integer \(default format\) in (\S+)$/,
    ours: '$1: Invalid value: "number": $1 in body must be of type integer: "number"',
  },
  {
    why: "Go reads a null in a list of texts as an empty text",
    theirs: /^metadata\.finalizers: Invalid value: "": name part .+$/,
    ours: 'metadata.finalizers[0]: Invalid value: "null": metadata.finalizers[0] in body must be of type string: "null"',
  },
];

/**
 * Go's JSON decoder speaks of Go's types, of the first fault only, and never of a spec: it reads
 * metadata, and numbers that no float holds. Ours says the field and the type. Verdicts agree.
 */
const isDecoderError = ({ status, message }: Verdict): boolean =>
  status === 400 && !message.includes(STRICT);
