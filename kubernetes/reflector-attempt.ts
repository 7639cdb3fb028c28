/**
 * One attempt to follow the server: go on from a version, or a full sync by either way.
 *
 * The position is what attempts share. It is a version only when everything up to that version is in
 * the copy; an attempt that fails halfway leaves it as it was.
 */

import type { Clock, Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { KubeApi, Selection, WatchQuery } from "./api.ts";
import { listAll } from "./reflector-list.ts";
import type { Sink } from "./reflector-replica.ts";
import { readStream, type StreamEvent } from "./reflector-stream.ts";
import type { Outcome, Phase } from "./reflector-verdict.ts";
import type { Resource } from "./resource.ts";

/** 10,000 objects take some seconds. */
const SYNCED_WITHIN_MS = 120_000;
/** A stream lasts one to two of these, so that those of many clients do not end together. */
const STREAM_SECONDS = 300;

export type AttemptDeps = {
  readonly api: Pick<KubeApi, "list" | "watch">;
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly random: Random;
  readonly sink: Sink;
};

export type AttemptOptions = {
  readonly resource: Resource;
  readonly selection: Selection;
  /** The newest version that was followed to: no full sync may be older. */
  readonly version: string | undefined;
  readonly on: {
    readonly watchStarted: () => void;
    readonly accepted: () => void;
    /** The server has said something. */
    readonly heard: () => void;
    readonly movedTo: (version: string) => void;
    readonly synced: (version: string) => void;
  };
};

export type Attempt = { readonly phase: Phase; readonly outcome: Outcome };

/** Goes on from the version. */
export const resume = async (
  deps: AttemptDeps,
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<Attempt> => {
  const onEvent = (event: StreamEvent) => follow(deps, options, event);
  return { phase: "Follow", outcome: await watch(deps, { ...options, onEvent }, signal) };
};

/** Watch-list: everything that exists, a bookmark, and then what changes, all on one stream. */
export const syncByStream = async (
  deps: AttemptDeps,
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<Attempt> => {
  const snapshot = deps.sink.snapshot();
  let phase: Phase = "Sync";
  const late = new AbortController();
  const inTime = deps.timers.after(SYNCED_WITHIN_MS, () => late.abort());
  const onEvent = (event: StreamEvent): void => {
    if (phase === "Follow") return follow(deps, options, event);
    options.on.heard();
    if (event.type !== "BOOKMARK") return snapshot.take(event);
    // Until the last bookmark events come in no order, and no version stands for all of them.
    if (!event.initialEventsEnd) return undefined;
    inTime();
    phase = "Follow";
    snapshot.adopt();
    return options.on.synced(event.resourceVersion);
  };
  const both = AbortSignal.any([signal, late.signal]);
  const outcome = await watch(deps, { ...options, sendInitialEvents: true, onEvent }, both);
  inTime();
  const isLate = outcome.kind === "Stopped" && !signal.aborted;
  return { phase, outcome: isLate ? { kind: "Silent" } : outcome };
};

/** Ends when the copy is complete: the next attempt goes on from there. */
export const syncByList = async (
  deps: AttemptDeps,
  { resource, selection, on }: AttemptOptions,
  signal: AbortSignal,
): Promise<Attempt> => {
  const listed = await listAll(deps, { resource, selection }, signal);
  if (signal.aborted) return { phase: "List", outcome: { kind: "Stopped" } };
  if (!listed.ok) return { phase: "List", outcome: { kind: "Refused", error: listed.error } };
  on.accepted();
  on.heard();
  listed.value.snapshot.adopt();
  on.synced(listed.value.resourceVersion);
  return { phase: "List", outcome: { kind: "Ended", wasShort: false } };
};

const follow = ({ sink }: AttemptDeps, { on }: AttemptOptions, event: StreamEvent): void => {
  on.heard();
  if (event.type === "BOOKMARK") return on.movedTo(event.resourceVersion);
  sink.apply(event);
  return on.movedTo(event.object.metadata.resourceVersion);
};

type Watch = AttemptOptions & {
  readonly sendInitialEvents?: boolean;
  readonly onEvent: (event: StreamEvent) => void;
};

const watch = (
  deps: AttemptDeps,
  { resource, selection, version, on, sendInitialEvents = false, onEvent }: Watch,
  signal: AbortSignal,
): Promise<Outcome> => {
  on.watchStarted();
  const query: WatchQuery = {
    ...selection,
    timeoutSeconds: Math.floor(STREAM_SECONDS * (1 + deps.random())),
    ...(sendInitialEvents && { sendInitialEvents }),
    ...(version !== undefined && { resourceVersion: version }),
  };
  return readStream(deps, { resource, query, onAccepted: on.accepted, onEvent }, signal);
};
