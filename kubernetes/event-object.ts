/**
 * Events of events.k8s.io/v1 as the API server accepts them. Pure.
 *
 * Its limits are on bytes of UTF-8; a word too long is cut, since an event with half a sentence is
 * worth more than none. The name is made of what the event is about and of when, so that the same
 * event sent twice is there once.
 */

import type { Millis } from "#base/clock.ts";
import { microTime } from "./micro-time.ts";
import type { KubeObject, Manifest, ObjectMeta } from "./object.ts";
import { events } from "./resource.ts";

/** What an event is about. */
export type Regarding = Pick<KubeObject, "apiVersion" | "kind"> & {
  readonly metadata: Pick<ObjectMeta, "name" | "namespace" | "uid">;
};

export type EventWords = {
  readonly type: "Normal" | "Warning";
  /** Why, in one CamelCase word that alerts may match. */
  readonly reason: string;
  /** What was done or not done, in one CamelCase word. */
  readonly action: string;
  /** A sentence for people. */
  readonly note: string;
  readonly related?: Regarding;
};

/** Who reports. */
export type Reporter = {
  /** A qualified name, such as `scalpradar.io/operator`. */
  readonly controller: string;
  /** Of the process. */
  readonly instance: string;
};

export type Series = { readonly count: number; readonly lastObservedAt: Millis };

const NOTE_BYTES_MAX = 1_024;
const WORD_BYTES_MAX = 128;
const NAME_LENGTH_MAX = 253;
const UID_LENGTH = 8;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Those of what belongs to the whole cluster are in `default`, where kubectl looks for them. */
export const namespaceOf = ({ metadata }: Regarding): string => metadata.namespace ?? "default";

export const eventName = ({ metadata }: Regarding, at: Millis, sequence: number): string => {
  const uid = metadata.uid.replaceAll(/[^0-9a-z]/g, "").slice(0, UID_LENGTH);
  const end = `.${uid}${uid === "" ? "" : "-"}${at.toString(16)}-${sequence.toString(16)}`;
  const name = SUBDOMAIN.test(metadata.name)
    ? metadata.name
    : metadata.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const start = name.slice(0, NAME_LENGTH_MAX - end.length).replaceAll(/^[-.]+|[-.]+$/g, "");
  return `${start === "" ? "unnamed" : start}${end}`;
};

export const eventManifest = (
  name: string,
  { controller, instance }: Reporter,
  {
    regarding,
    words,
    firstAt,
    series,
  }: {
    readonly regarding: Regarding;
    readonly words: EventWords;
    readonly firstAt: Millis;
    readonly series: Series;
  },
): Manifest => ({
  apiVersion: events.apiVersion,
  kind: events.kind,
  metadata: { name, namespace: namespaceOf(regarding) },
  eventTime: microTime(firstAt),
  reportingController: controller,
  reportingInstance: cut(instance, WORD_BYTES_MAX, ""),
  type: words.type,
  reason: cut(words.reason, WORD_BYTES_MAX, ""),
  action: cut(words.action, WORD_BYTES_MAX, ""),
  note: cut(words.note, NOTE_BYTES_MAX, "…"),
  regarding: referenceTo(regarding),
  ...(words.related !== undefined && { related: referenceTo(words.related) }),
  ...(series.count > 1 && { series: seriesFields(series) }),
});

export const seriesFields = ({ count, lastObservedAt }: Series) => ({
  count,
  lastObservedTime: microTime(lastObservedAt),
});

const referenceTo = ({ apiVersion, kind, metadata }: Regarding) => ({
  apiVersion,
  kind,
  name: metadata.name,
  ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  uid: metadata.uid,
});

/** The longest beginning, in whole characters, that leaves room for the mark. */
const cut = (text: string, bytesMax: number, mark: string): string => {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  const room = bytesMax - Buffer.byteLength(mark);
  // As a stream, so that half a character at the end is not decoded to something else.
  return new TextDecoder().decode(bytes.subarray(0, room), { stream: true }) + mark;
};
