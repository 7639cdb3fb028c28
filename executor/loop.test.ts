import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createQueue } from "#runtime/queue.ts";
import type { Engine } from "#trading/engine/engine.ts";
import type { EngineCommand, EngineEvent } from "#trading/engine/events.ts";
import { initialState, type EngineState } from "#trading/engine/state.ts";
import { bar, BTC, readyStage, settingsOf, START } from "#trading/testing/scene.ts";
import { runLoop, type Inbound, type LoopDeps } from "./loop.ts";
import { moveKinds, playMove, storyEngine, storySettings, type Move } from "./testing/stories.ts";

const settings = settingsOf([BTC]);

const ready = readyStage(settings);
const candle: EngineEvent = { ...bar(ready), at: ready.now() };
const tick: EngineEvent = { kind: "Ticked", at: ready.now() };
const stopping: EngineEvent = { kind: "Stopping", at: ready.now() };

/** An engine whose commands and changes are what the event says: `change` and `ask`. */
const scripted: Engine = (state, event) => {
  const changed = event.kind === "Ticked" ? state : { ...state, version: state.version + 1 };
  const asks: EngineCommand = { kind: "AskFills", symbol: BTC, since: event.at };
  return [changed, event.kind === "Stopping" ? [asks, asks] : []];
};

/** A loop over an engine, and everything that it did, in order. */
const start = (deps: Partial<LoopDeps> = {}, capacity = 100) => {
  const did: string[] = [];
  const inbox = createQueue<Inbound>(capacity);
  const say = (text: string) => void did.push(text);
  const running = runLoop(
    {
      engine: scripted,
      inbox,
      append: async (events) => say(`append ${events.map(({ kind }) => kind).join(" ")}`),
      publish: ({ version }) => say(`publish ${version}`),
      carryOut: ({ kind }) => say(`carry out ${kind}`),
      afterBatch: async (_state, events) => say(`after ${events.length}`),
      ...deps,
    },
    initialState(settings, START),
  );
  const push = (event: EngineEvent) => inbox.push({ event, done: () => say(`done ${event.kind}`) });
  return { did, inbox, push, running };
};

/** Everything that can go on has gone on. */
const settled = () => new Promise((resolve) => void setImmediate(resolve));

test("an event is durable before its state is seen, and seen before anything follows from it", async () => {
  const { did, push, inbox, running } = start();
  push(stopping);
  inbox.close();
  await running;
  expect(did).toEqual([
    "append Stopping",
    "publish 1",
    "done Stopping",
    "carry out AskFills",
    "carry out AskFills",
    "after 1",
  ]);
});

test("events that wait together share one write, and are carried out together after it", async () => {
  const { did, push, inbox, running } = start();
  for (const event of [stopping, candle, stopping]) push(event);
  inbox.close();
  const state = await running;
  expect(state.version).toBe(3);
  expect(did.filter((text) => text.startsWith("append"))).toEqual([
    "append Stopping BarClosed Stopping",
  ]);
  expect(did.filter((text) => text.startsWith("publish"))).toEqual(["publish 3"]);
  expect(did.filter((text) => text.startsWith("carry out"))).toHaveLength(4);
});

test("what changes nothing is not written down, and whoever waits for it is told", async () => {
  const { did, push, inbox, running } = start();
  push(tick);
  inbox.close();
  await running;
  expect(did).toEqual(["publish 0", "done Ticked", "after 0"]);
});

test("nothing follows from what could not be written", async () => {
  const { did, push, running } = start({
    append: () => Promise.reject(new Error("no space left on device")),
  });
  push(stopping);
  await expect(running).rejects.toThrow("no space left on device");
  expect(did).toEqual([]);
});

test("an engine that throws ends the loop before anything is written", async () => {
  const { did, push, running } = start({
    engine: () => {
      throw new Error("invariant broken");
    },
  });
  push(candle);
  await expect(running).rejects.toThrow("invariant broken");
  expect(did).toEqual([]);
});

test("what comes while the disk is busy waits for the next write", async () => {
  let release = () => {};
  const { did, push, inbox, running } = start({
    append: (events) => {
      did.push(`append ${events.length}`);
      return new Promise((resolve) => {
        release = resolve;
      });
    },
  });
  push(stopping);
  await settled();
  push(candle);
  push(candle);
  await settled();
  expect(did).toEqual(["append 1"]);
  release();
  await settled();
  // The first event's commands have left, though the second write has not ended.
  expect(did.filter((text) => !text.startsWith("publish"))).toEqual([
    "append 1",
    "done Stopping",
    "carry out AskFills",
    "carry out AskFills",
    "after 1",
    "append 2",
  ]);
  release();
  inbox.close();
  await running;
});

test("a closed inbox is drained before the loop ends, and takes nothing more", async () => {
  const { did, push, inbox, running } = start();
  push(candle);
  inbox.close();
  push(stopping);
  expect((await running).version).toBe(1);
  expect(did).not.toContain("append Stopping");
});

test("an inbox that is full is a defect, and nothing is dropped from it", async () => {
  const { did, push, inbox, running } = start({}, 2);
  push(candle);
  push(candle);
  expect(() => push(stopping)).toThrow("queue holds fewer than 2 items");
  expect(inbox.size()).toBe(2);
  inbox.close();
  await running;
  expect(did).toContain("append BarClosed BarClosed");
});

const anyStory: fc.Arbitrary<ReadonlyArray<Move>> = fc.array(
  fc.record({ kind: fc.constantFrom(...moveKinds), pick: fc.nat(9), dial: fc.nat(9) }),
  { maxLength: 40 },
);

const eventsOf = (story: ReadonlyArray<Move>): ReadonlyArray<EngineEvent> => {
  const scene = readyStage(storySettings);
  for (const move of story) playMove(scene, move);
  return scene.events();
};

/** The state and the journal that a loop ends with, when the events come in groups of some sizes. */
const runInGroups = async (events: ReadonlyArray<EngineEvent>, groups: ReadonlyArray<number>) => {
  const journal: EngineEvent[] = [];
  const commands: EngineCommand[] = [];
  const inbox = createQueue<Inbound>(10_000);
  const running = runLoop(
    {
      engine: storyEngine,
      inbox,
      append: async (appended) => void journal.push(...appended),
      publish: () => {},
      carryOut: (command) => void commands.push(command),
      afterBatch: async () => {},
    },
    initialState(storySettings, START),
  );
  for (const [index, event] of events.entries()) {
    inbox.push({ event });
    if (groups.includes(index % 7)) await settled();
  }
  inbox.close();
  return { state: await running, journal, commands };
};

const replay = (journal: ReadonlyArray<EngineEvent>): EngineState =>
  journal.reduce(
    (state, event) => storyEngine(state, event)[0],
    initialState(storySettings, START),
  );

test("the journal alone rebuilds the state, however the events were grouped", async () => {
  await fc.assert(
    fc.asyncProperty(anyStory, fc.subarray([0, 1, 2, 3, 4, 5, 6]), async (story, groups) => {
      const events = eventsOf(story);
      const grouped = await runInGroups(events, groups);
      const together = await runInGroups(events, []);
      expect(grouped).toEqual(together);
      expect(replay(grouped.journal)).toEqual(grouped.state);
      expect(grouped.state).toEqual(replay(events));
    }),
    { numRuns: 60 },
  );
});
