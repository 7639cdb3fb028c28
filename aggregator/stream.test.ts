import { afterEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { aStatus, NOW } from "./testing/fixtures.ts";
import { authorized, startWorldOfTwo } from "./testing/world.ts";

const endings: Array<() => Promise<void>> = [];
const onEnd = (end: () => Promise<void>) => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

const event = z.object({ id: z.string(), name: z.string(), data: z.unknown() });

/** Reads one server-sent event after another. */
const readEvents = (body: ReadableStream<Uint8Array>) => {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return async () => {
    while (!text.includes("\n\n")) text += (await reader.read()).value ?? "";
    const end = text.indexOf("\n\n");
    const fields = Object.fromEntries(
      text
        .slice(0, end)
        .split("\n")
        .map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]),
    );
    text = text.slice(end + 2);
    return event.parse({
      id: fields["id"],
      name: fields["event"],
      data: JSON.parse(fields["data"] ?? ""),
    });
  };
};

const openStream = async (url: string, lastEventId?: string) => {
  const leaving = new AbortController();
  const response = await fetch(`${url}/api/v1/stream`, {
    headers: { ...authorized, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
    signal: leaving.signal,
  });
  if (response.body === null) throw new Error("no stream");
  return { next: readEvents(response.body), leave: () => leaving.abort() };
};

test("GET /api/v1/stream starts with a snapshot and goes on with what changes", async () => {
  const { url, machine, atr, poll } = await startWorldOfTwo(onEnd);
  const { next, leave } = await openStream(url);
  expect(await next()).toMatchObject({ name: "snapshot", data: { sequence: 1 } });
  await machine.advance(1_000);
  expect(await next()).toMatchObject({ name: "update", data: { sequence: 1, at: NOW + 1_000 } });
  atr.say(aStatus({ at: NOW + 1_500, connected: false }));
  await poll();
  await machine.advance(1_000);
  expect(await next()).toMatchObject({
    name: "update",
    data: { strategies: { "trading/grid-atr": { executor: { connected: false } } } },
  });
  leave();
});

test("a stream resumes where it was left, and starts anew for a stranger's id", async () => {
  const { url } = await startWorldOfTwo(onEnd);
  const first = await openStream(url);
  const { id } = await first.next();
  first.leave();
  const again = await openStream(url, id);
  expect(await again.next()).toMatchObject({ name: "update", id });
  again.leave();
  const strange = await openStream(url, "elsewhere-1");
  expect(await strange.next()).toMatchObject({ name: "snapshot" });
  strange.leave();
});
