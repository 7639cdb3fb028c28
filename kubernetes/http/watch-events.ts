/**
 * The body of a watch as events: a JSON object a line.
 *
 * A line that is not an event says that the connection cannot be trusted any more, so it throws, as a
 * cut one does. Events are made when the consumer asks for them, one after the other.
 */

import type { WatchEvent } from "../api.ts";
import type { Resource } from "../resource.ts";
import { isFields, toStored } from "./bodies.ts";
import { errorOfEvent, parseJson } from "./errors.ts";
import { createLines } from "./lines.ts";

/** etcd takes 1.5 MB an object; as JSON, with everything that the server adds, it stays below this. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

export async function* eventsOf(
  chunks: AsyncIterable<Buffer>,
  resource: Resource,
  lineBytesMax: number = LINE_BYTES_MAX,
): AsyncGenerator<WatchEvent, void, undefined> {
  const lines = createLines(lineBytesMax);
  for await (const chunk of chunks) {
    for (const line of lines.push(chunk)) {
      if (line !== "") yield toEvent(line, resource);
    }
  }
  if (lines.rest() > 0) throw new Error("the watch ended in the middle of an event");
}

const toEvent = (line: string, resource: Resource): WatchEvent => {
  const value = parseJson(line);
  const event = isFields(value) ? readEvent(value["type"], value["object"], resource) : undefined;
  if (event === undefined) throw new Error("a line of the watch is not an event");
  return event;
};

const readEvent = (type: unknown, object: unknown, resource: Resource): WatchEvent | undefined => {
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED": {
      const stored = toStored(object, resource);
      return stored === undefined ? undefined : { type, object: stored };
    }
    case "BOOKMARK":
      return readBookmark(object);
    case "ERROR":
      return { type, error: errorOfEvent(object) };
    default:
      return undefined;
  }
};

const readBookmark = (object: unknown): WatchEvent | undefined => {
  if (!isFields(object) || !isFields(object["metadata"])) return undefined;
  const { resourceVersion, annotations } = object["metadata"];
  if (typeof resourceVersion !== "string") return undefined;
  const initialEventsEnd = isFields(annotations) && annotations[INITIAL_EVENTS_END] === "true";
  return { type: "BOOKMARK", resourceVersion, initialEventsEnd };
};
