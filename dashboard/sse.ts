/**
 * Server-sent events out of the chunks of a response (EventSource cannot send the token).
 *
 * Our server ends lines with LF and sends `id`, `event` and one line of `data`; whatever else the
 * format allows is skipped.
 */

export type ServerEvent = { readonly id: string; readonly name: string; readonly data: string };

export type EventReader = {
  /** Takes a chunk and gives the events that are complete with it. */
  readonly take: (chunk: string) => ReadonlyArray<ServerEvent>;
};

/** More than any snapshot: a server that never ends an event is not one of ours. */
const BUFFER_MAX = 32_000_000;

export const createEventReader = (): EventReader => {
  let waiting = "";
  return {
    take: (chunk) => {
      waiting += chunk;
      if (waiting.length > BUFFER_MAX) throw new Error("an event that does not end");
      const blocks = waiting.split("\n\n");
      waiting = blocks.pop() ?? "";
      return blocks.flatMap(toEvent);
    },
  };
};

const toEvent = (block: string): ReadonlyArray<ServerEvent> => {
  const field = (name: string): string | undefined =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const data = field("data");
  return data === undefined ? [] : [{ id: field("id") ?? "", name: field("event") ?? "", data }];
};
