/** Follows what an operator makes, by watches of its own, and tells when each thing appeared. */

import { systemClock } from "#runtime/clock.ts";
import type { ClientRequest } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { ControlPlane } from "../tests/cluster/control-plane.ts";

export type Stopwatch = {
  /** Milliseconds of the monotonic clock at which the name was first seen so; waits for it. */
  readonly seen: (name: string) => Promise<number>;
  readonly count: () => number;
  /** Resolves with the time of the sighting that makes the count `n`. */
  readonly untilCount: (n: number) => Promise<number>;
  readonly close: () => void;
};

const event = z.object({
  type: z.string(),
  object: z.object({
    metadata: z.object({ name: z.string().optional() }),
    status: z.object({ observedGeneration: z.number().optional() }).optional(),
  }),
});

type Sighting = z.infer<typeof event>["object"];

/** `isSo`: what is waited for. A name counts once. */
export const watchFor = (
  plane: ControlPlane,
  path: string,
  isSo: (object: Sighting) => string | undefined,
): Stopwatch => {
  const at = new Map<string, number>();
  const waiting = new Set<() => void>();
  const agent = new Agent({ ca: plane.ca });
  let isClosed = false;
  const look = (line: string): void => {
    const parsed = event.safeParse(JSON.parse(line));
    const name = parsed.success ? isSo(parsed.data.object) : undefined;
    if (name === undefined || at.has(name)) return;
    at.set(name, systemClock.elapsed());
    for (const tell of waiting) tell();
  };
  // A server ends the watch of who is slow: the next one begins with everything there is.
  const open = (): ClientRequest => {
    const sent = request(`${plane.url}${path}?watch=true`, {
      agent,
      headers: { authorization: `Bearer ${plane.adminToken}`, "user-agent": "stopwatch" },
    });
    sent.on("error", () => undefined);
    sent.once("response", (response) => {
      const lines = createInterface({ input: response });
      lines.on("error", () => undefined);
      lines.on("line", look);
    });
    sent.once("close", () => {
      if (!isClosed) asked = open();
    });
    sent.end();
    return sent;
  };
  let asked = open();
  const wait = (isDone: () => number | undefined): Promise<number> =>
    new Promise((resolve) => {
      const tell = () => {
        const time = isDone();
        if (time === undefined) return;
        waiting.delete(tell);
        resolve(time);
      };
      waiting.add(tell);
      tell();
    });
  return {
    seen: (name) => wait(() => at.get(name)),
    count: () => at.size,
    untilCount: (n) => wait(() => (at.size >= n ? Math.max(...at.values()) : undefined)),
    close: () => {
      isClosed = true;
      asked.destroy();
      agent.destroy();
    },
  };
};

/** The operator has said that it has seen this version. */
export const isReported = ({ metadata, status }: Sighting): string | undefined =>
  status?.observedGeneration === undefined ? undefined : metadata.name;

export const isThere = ({ metadata }: Sighting): string | undefined => metadata.name;
