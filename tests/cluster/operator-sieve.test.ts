/**
 * What the operator sees is late, of another time, or has a gap, at every write of its: after Sieve
 * (Sun and others, "Automatic Reliability Testing for Cluster Management Controllers", OSDI 2022),
 * whose first pattern, a crash between two writes, is in `operator-crash.test.ts`.
 *
 *     stale       what was written is seen late; or a new operator sees the world as it once was
 *     unobserved  something happens, and is undone or followed by something else, while it is blind
 *     overtaken   somebody else writes between its look and its write
 *
 * The world converges, and on the way nothing is made or taken away that would not have been: the
 * server's audit log is the witness.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { liveStrategies } from "#crds/live-strategy.ts";
import { configMaps, deployments, services, volumeClaims } from "#kubernetes/resource.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import {
  auditedSoFar,
  effectsIn,
  followed,
  objectsIn,
  worldOf,
  type Effects,
  type Objects,
  type World,
} from "./convergence.ts";
import { installCrd } from "./crd.ts";
import { inParallel } from "./in-parallel.ts";
import type { Write } from "./interruptions.ts";
import {
  atEveryWrite,
  createPlays,
  wordsOf,
  type Disturbed,
  type Play,
  type Reference,
} from "./plays.ts";
import { scenarios, type Scenario } from "./scenarios.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";
import { createView, type Past } from "./views.ts";

const START_TIMEOUT_MS = 60_000;
const TIMEOUT_MS = 300_000;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ audit: true });
  await installCrd(plane);
}, START_TIMEOUT_MS);
afterAll(() => plane.close(), START_TIMEOUT_MS);

const plays = createPlays(() => plane);
afterEach(plays.close);

/** What became of one write. */
type Survived = { readonly at: number; readonly write: string; readonly namespace: string };
type Pattern = (scenario: Scenario, reference: Reference) => Disturbed<Survived>;
type IsSo = Reference["isSo"];

/** Until the operator has reached the write or has nothing more to do; the write, if there is one. */
const reached = async ({ stage, operator, interrupter }: Play, at: number, isSo: IsSo) => {
  await stage.untilSettled(operator, (world) => interrupter.isDone() || isSo(world));
  return interrupter.writes()[at - 1];
};

const survived = (at: number, write: Write, { namespace }: Stage): Survived => ({
  at,
  write: wordsOf(write),
  namespace,
});

/** What was written is seen only when the operator has nothing else to do. */
const late: Pattern =
  (scenario, { isSo }) =>
  async (at) => {
    const view = createView();
    const play = await plays.begin(scenario, {
      at,
      around: view.around,
      onWrite: async (_stage, { resource }, number) => {
        if (number === at) view.hold(resource);
      },
    });
    const { stage, operator } = play;
    const write = await reached(play, at, isSo);
    await stage.untilCalm(operator);
    view.open();
    await stage.untilSettled(operator, isSo);
    return write && survived(at, write, stage);
  };

/** It ends after the write; the next one sees, of the kind that was written, what was before it. */
const behind: Pattern =
  (scenario, { isSo }) =>
  async (at) => {
    let past: Past = new Map();
    const play = await plays.begin(scenario, {
      at,
      how: "after the write",
      onWrite: async (stage, { resource }, number) => {
        if (number !== at) return;
        const all = await stage.snapshots();
        past = new Map([...all].filter(([plural]) => plural === resource.plural));
      },
    });
    const write = await reached(play, at, isSo);
    if (write === undefined) return undefined;
    await play.operator.stop();
    await travel(play.stage, past, isSo);
    return survived(at, write, play.stage);
  };

/** When all is over, a new operator sees of everything what was before the write. */
const longBehind: Pattern =
  (scenario, { isSo }) =>
  async (at) => {
    let past: Past = new Map();
    const play = await plays.begin(scenario, {
      at,
      onWrite: async (stage, _write, number) => {
        if (number === at) past = await stage.snapshots();
      },
    });
    const { stage, operator, interrupter } = play;
    await stage.untilSettled(operator, isSo);
    await operator.stop();
    const write = interrupter.writes()[at - 1];
    if (write === undefined) return undefined;
    await travel(stage, past, isSo);
    return survived(at, write, stage);
  };

/** A new operator acts on the past, as long as it finds something to do there, and then sees. */
const travel = async (stage: Stage, past: Past, isSo: IsSo): Promise<void> => {
  const view = createView(past);
  const operator = await stage.start(view.around);
  await until("it knows the past", operator.operator.synced);
  await stage.untilCalm(operator);
  view.open();
  await stage.untilSettled(operator, isSo);
};

/** Blind from before the write on; then somebody takes away what was written, or exchanges it. */
const unseen =
  (isReplaced: boolean): Pattern =>
  (scenario, { isSo }) =>
  async (at) => {
    const view = createView();
    const play = await plays.begin(scenario, {
      at,
      around: view.around,
      onWrite: async (_stage, _write, number) => {
        if (number === at) view.blind();
      },
    });
    const { stage, operator } = play;
    const write = await reached(play, at, isSo);
    await stage.untilCalm(operator);
    const object = write && (await stage.get(write.resource));
    if (write !== undefined && object !== undefined) {
      await stage.erase(write.resource);
      if (isReplaced) await stage.putBack(write.resource, object);
      await stage.tidy();
    }
    view.open();
    await stage.untilRight(operator);
    return write && survived(at, write, stage);
  };

type Hand = (stage: Stage, write: Write) => Promise<void>;

/** Somebody writes to the same object just before the operator does. */
const overtaken =
  (hand: Hand): Pattern =>
  (scenario, { isSo }) =>
  async (at) => {
    const play = await plays.begin(scenario, {
      at,
      onWrite: async (stage, write, number) => {
        if (number === at) await hand(stage, write);
      },
    });
    const write = await reached(play, at, isSo);
    await play.stage.untilRight(play.operator);
    return write && survived(at, write, play.stage);
  };

const add = (path: string, value: unknown) => ({ op: "add", path, value });
const env = "/spec/template/spec/containers/0/env/0";

/** By kind, what nobody asked for. */
const foreign = new Map([
  [configMaps, add("/data/other", "x")],
  [deployments, add(env, { name: "LD_PRELOAD", value: "x" })],
  [services, add("/spec/externalIPs", ["192.0.2.1"])],
  [volumeClaims, add("/metadata/labels/team", "a")],
]);

const edit: Hand = async (stage, { resource }) => {
  const operation = foreign.get(resource);
  const isThere = operation !== undefined && (await stage.get(resource)) !== undefined;
  if (isThere) return stage.edit(resource, [operation]);
  return stage.patch(liveStrategies, { spec: { leverage: 9 } });
};

const withdraw: Hand = (stage) => stage.remove(liveStrategies);
const disable: Hand = (stage) => stage.patch(liveStrategies, { spec: { enabled: false } });

/** Whether the way there is the same as ever, as well as the end. */
type Sight = { readonly name: string; readonly pattern: Pattern; readonly isHarmless: boolean };

const sights: ReadonlyArray<Sight> = [
  { name: "seen late", pattern: late, isHarmless: true },
  { name: "begun behind", pattern: behind, isHarmless: true },
  { name: "begun long behind", pattern: longBehind, isHarmless: true },
  { name: "edited meanwhile", pattern: overtaken(edit), isHarmless: false },
  { name: "disabled meanwhile", pattern: overtaken(disable), isHarmless: false },
  { name: "deleted meanwhile", pattern: overtaken(withdraw), isHarmless: false },
  { name: "removed unseen", pattern: unseen(false), isHarmless: false },
  { name: "exchanged unseen", pattern: unseen(true), isHarmless: false },
];

/** Nobody but the operator may end an executor that holds a position, and here nobody restarts it. */
const isFor = ({ name }: Scenario, sight: Sight): boolean =>
  name !== "deletion with a position open" || !sight.name.endsWith("unseen");

test.each(scenarios)(
  "$name, whatever is seen of it",
  async (scenario) => {
    const reference = await plays.reference(scenario);
    const own = sights.filter((sight) => isFor(scenario, sight));
    const ways = own.map(({ name, pattern }) => labelled(name, pattern(scenario, reference)));
    const all = await atEveryWrite(reference, ways);

    const audit = await auditedSoFar(plane);
    const necessary = effectsIn(audit, reference.namespace);
    for (const [index, survivors] of all.entries()) {
      const sight = own[index]?.name;
      const written = survivors.map(({ write }) => write);
      expect([sight, written]).toEqual([
        sight,
        expect.arrayContaining(reference.writes.map(wordsOf)),
      ]);
      for (const { at, namespace } of survivors) {
        const effects = effectsIn(audit, namespace);
        const left = await objectsIn(plane, namespace);
        expect([sight, at, wrongIn(effects, necessary, left)]).toEqual([sight, at, []]);
        if (own[index]?.isHarmless !== true) continue;
        expect([sight, at, effects]).toEqual([sight, at, necessary]);
      }
    }
    const counts = all.map((survivors, index) => `${survivors.length} ${own[index]?.name}`);
    process.stdout.write(`operator misled, ${scenario.name}: ${counts.join(", ")}\n`);
  },
  TIMEOUT_MS,
);

test(
  "a new operator that sees any moment of a life that is over revives no executor",
  async () => {
    const pasts: Past[] = [];
    const [creation, deletion] = [named("creation"), named("deletion")];
    const { stage, operator, interrupter } = await plays.begin(creation, {
      at: Infinity,
      onWrite: async (on) => void pasts.push(await on.snapshots()),
    });
    await stage.untilSettled(operator, creation.isOver);
    await deletion.act(stage);
    await stage.untilSettled(operator, deletion.isOver);
    await operator.stop();
    expect(pasts.length).toBe(interrupter.writes().length);
    // What an executor would need is made before anybody is sure of it, and collected again.
    const executors = async () =>
      Object.entries(effectsIn(await auditedSoFar(plane), stage.namespace)).filter(([effect]) =>
        effect.includes("deployments"),
      );
    const before = await executors();
    expect(before).toHaveLength(2);
    await inParallel(pasts, (past) => travel(stage, past, deletion.isOver));
    expect(await executors()).toEqual(before);
    process.stdout.write(`operator revived at ${pasts.length} moments of a life\n`);
  },
  TIMEOUT_MS,
);

/** Somebody else's object takes the name of a child just before the operator removes the child. */
const usurp = async (stage: Stage, { resource }: Write): Promise<void> => {
  const object = await stage.get(resource);
  if (object === undefined) throw new Error(`there is no ${resource.kind} to be removed`);
  const { name, uid, resourceVersion } = object.metadata;
  await stage.erase(resource);
  await stage.putBack(resource, { ...object, metadata: { name, uid, resourceVersion } });
};

const without = (world: World, key: string): World =>
  Object.fromEntries(Object.entries(world).filter(([name]) => name !== key));

const usurped =
  (scenario: Scenario): Disturbed<Survived> =>
  async (at) => {
    let key: string | undefined;
    const { stage, operator, interrupter } = await plays.begin(scenario, {
      at,
      onWrite: async (on, write, number) => {
        if (number !== at || write.verb !== "remove") return;
        await usurp(on, write);
        key = `${write.resource.kind}/${write.key.name}`;
      },
    });
    await stage.untilSettled(operator, (world) => scenario.isOver(without(world, key ?? "")));
    const write = interrupter.writes()[at - 1];
    const world = await worldOf(plane, stage.namespace);
    if (key !== undefined) expect(Object.keys(world)).toContain(key);
    return write && survived(at, write, stage);
  };

test.each(["being disabled", "deletion"])(
  "%s removes nothing of somebody else's that has taken the name meanwhile",
  async (name) => {
    const scenario = named(name);
    const reference = await plays.reference(scenario);
    const [all = []] = await atEveryWrite(reference, [usurped(scenario)]);
    const removed = all.filter(({ write }) => write.startsWith("remove "));
    expect(removed.map(({ write }) => write).toSorted()).toEqual([
      "remove configmaps",
      "remove deployments",
      "remove services",
    ]);
  },
  TIMEOUT_MS,
);

const named = (name: string): Scenario => {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`${name} is no scenario`);
  return scenario;
};

const labelled =
  (name: string, disturb: Disturbed<Survived>): Disturbed<Survived> =>
  async (at) => {
    try {
      return await disturb(at);
    } catch (cause) {
      throw new Error(`${name}, write ${at}: ${String(cause)}`, { cause });
    }
  };

/** What the operator took away although it is wanted, or made or took away more than once. */
const wrongIn = (effects: Effects, necessary: Effects, left: Objects): ReadonlyArray<string> =>
  Object.entries(effects).flatMap(([effect, times]) => {
    const [verb, plural, name] = effect.split(" ");
    const kind = followed.find((one) => one.plural === plural)?.kind ?? "";
    const isThere = left[kind]?.some(({ metadata }) => metadata.name === name) === true;
    // What somebody else took away is made once more.
    const allowed = verb === "create" ? (necessary[effect] ?? 0) + 1 : isThere ? 0 : 1;
    return times > allowed ? [`${effect} ${times}`] : [];
  });
