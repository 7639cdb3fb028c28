/**
 * Server-sent events for the page: a snapshot first, then once a second what has changed.
 *
 * A reader whose connection is slow is skipped until it has taken what it was sent, and then gets the
 * latest of everything; one that takes nothing for half a minute is cut off. So a reader costs at most
 * one message of memory, and there is a fixed number of readers.
 */

import type { Request, Response } from "express";
import type { Clock, Timers } from "#base/clock.ts";
import { emptyLog, snapshotJson, takeParts, updateJson } from "./change-log.ts";
import { toParts } from "./snapshot.ts";
import type { FleetView } from "./view.ts";

export type StreamDeps = {
  readonly view: () => FleetView;
  readonly machine: Clock & Timers;
  readonly version: string;
};

export type Stream = {
  /** The whole picture of this instant, as JSON. */
  readonly snapshot: () => string;
  readonly serve: (request: Request, response: Response) => void;
  readonly size: () => number;
  readonly close: () => void;
};

type Reader = { readonly response: Response; seen: number; tookAt: number };

const TICK_MS = 1_000;
const READERS_MAX = 32;
const SLOWEST_READER_MS = 30_000;

export const createStream = ({ view, machine, version }: StreamDeps): Stream => {
  // Differs from one run to the next, so that nobody resumes on another run's numbers.
  const epoch = machine.now().toString(36);
  const readers = new Set<Reader>();
  let log = emptyLog;
  let at = 0;

  const look = (): void => {
    const current = view();
    at = current.at;
    log = takeParts(log, toParts(current, version));
  };

  const write = (reader: Reader, seen: number | undefined): void => {
    const update = seen === undefined ? undefined : updateJson(log, seen, at);
    const name = update === undefined ? "snapshot" : "update";
    const data = update ?? snapshotJson(log, epoch, at);
    reader.response.write(`id: ${epoch}-${log.sequence}\nevent: ${name}\ndata: ${data}\n\n`);
    reader.seen = log.sequence;
    reader.tookAt = machine.elapsed();
  };

  const tick = (): void => {
    cancelNext = machine.after(TICK_MS, tick);
    if (readers.size === 0) return;
    look();
    for (const reader of readers) {
      if (!reader.response.writableNeedDrain) write(reader, reader.seen);
      else if (machine.elapsed() - reader.tookAt > SLOWEST_READER_MS) reader.response.destroy();
    }
  };
  let cancelNext = machine.after(TICK_MS, tick);

  return {
    snapshot: () => {
      look();
      return snapshotJson(log, epoch, at);
    },
    serve: (request, response) => {
      if (readers.size >= READERS_MAX) {
        response.status(503).json({ error: `${READERS_MAX} pages are open already: close one` });
        return;
      }
      response.writeHead(200, STREAM_HEADERS);
      const reader: Reader = { response, seen: 0, tookAt: machine.elapsed() };
      readers.add(reader);
      response.on("close", () => readers.delete(reader));
      look();
      write(reader, seenBy(request.get("last-event-id"), epoch));
    },
    size: () => readers.size,
    close: () => {
      cancelNext();
      for (const { response } of readers) response.end();
    },
  };
};

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  // Proxies that collect an answer before they pass it on would make a stream of nothing.
  "x-accel-buffering": "no",
} as const;

/** The sequence that a returning reader has seen, if it is one of this run's. */
const seenBy = (lastEventId: string | undefined, epoch: string): number | undefined => {
  const [, ofEpoch, sequence] = /^([0-9a-z]+)-(\d{1,15})$/.exec(lastEventId ?? "") ?? [];
  return ofEpoch === epoch && sequence !== undefined ? Number(sequence) : undefined;
};
