/**
 * Somebody else changes what belongs to a strategy. It is put right at once, with one write and one
 * event; what is not ours is left alone; and with somebody who does not stop nobody fights for long.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { statusOf as kstatusOf } from "#kubernetes/kstatus.ts";
import { systemClock } from "#runtime/clock.ts";
import type { AuditEvent } from "./audit.ts";
import { changes, fighters, jsonPatch, pathOf, type Kind } from "./drift-hands.ts";
import { NAMESPACE, startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;
/** Longer than a repair takes. */
const WHILE_MS = 1_500;

let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld();
}, 120_000);
afterAll(() => world.close(), TIMEOUT_MS);

const child = z.looseObject({
  metadata: z.looseObject({
    uid: z.string(),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()).default({}),
    managedFields: z.array(
      z.looseObject({
        manager: z.string(),
        operation: z.string(),
        subresource: z.string().optional(),
      }),
    ),
  }),
});

const read = async (kind: Kind, name: string) =>
  child.parse((await world.plane.call("GET", pathOf(kind, name))).body);

/** What a person decides: without what the server and its controllers fill in. */
const wishIn = ({ metadata, ...rest }: z.infer<typeof child>): string => {
  const { status: _status, ...wish } = rest;
  const { labels, ownerReferences } = metadata;
  const applied = metadata.annotations["scalpradar.io/applied"];
  return JSON.stringify({ labels, applied, ownerReferences, ...wish });
};

/** What the operator wrote to children, in order; what came too late and was refused wrote nothing. */
const writes = (): ReadonlyArray<AuditEvent> =>
  world.plane
    .audit()
    .filter(
      ({ userAgent, verb, resource, code }) =>
        userAgent.includes("(operator)") &&
        code < 300 &&
        ["create", "update", "patch", "delete"].includes(verb) &&
        !["livestrategies", "events"].includes(resource),
    );

/** The log is written just after the answer: once it has a line of ours, it has all before it. */
const writesSoFar = async (): Promise<ReadonlyArray<AuditEvent>> => {
  const mark = `/api/v1/namespaces/${NAMESPACE}/configmaps/mark-${systemClock.elapsed()}`;
  await world.plane.call("GET", mark);
  await until("the log is written", () =>
    world.plane.audit().some(({ requestURI }) => requestURI === mark),
  );
  return writes();
};

const isApply = ({ requestURI }: AuditEvent): boolean => requestURI.includes("force=true");

const repairs = (name: string) =>
  world.events(name).filter(({ reason }) => reason === "DriftRepaired");

test(
  "what somebody changes is put right by one write, and said once",
  async () => {
    const applied = new Set<string>();
    // A row each: a child that is changed too often is somebody's who fights.
    for (const [index, { what, kind, by, path, change }] of changes.entries()) {
      const name = `drift-${index % 4}`;
      if (index < 4) await world.apply(name);
      await world.untilReady(name, "Trading");
      const before = wishIn(await read(kind, name));
      const [writesBefore, eventsBefore] = [(await writesSoFar()).length, repairs(name).length];
      await change(world, name);
      await until(
        `${kind} ${what}: ${path} is repaired`,
        () => repairs(name).length > eventsBefore,
      );
      expect(wishIn(await read(kind, name))).toBe(before);
      const [event, ...others] = repairs(name).slice(eventsBefore);
      expect(others).toEqual([]);
      expect(event).toMatchObject({ type: "Warning" });
      expect(event?.note).toContain(path);
      const made = (await writesSoFar()).slice(writesBefore);
      // Before the first apply of an object it is made ours by apply, once.
      const isFirst = by === "apply" && !applied.has(`${kind} ${name}`);
      if (isFirst) applied.add(`${kind} ${name}`);
      expect({ what, made: made.map((one) => (isApply(one) ? "apply" : "patch")) }).toEqual({
        what,
        made: isFirst ? ["patch", "apply"] : [by],
      });
    }
  },
  TIMEOUT_MS * 2,
);

test(
  "what is not ours is left alone: status, notes and labels of others, a restart",
  async () => {
    const name = "left-alone";
    await world.apply(name);
    await world.untilReady(name, "Trading");
    const [, before] = [await sleep(systemClock, WHILE_MS), await writesSoFar()];
    for (const kind of ["deployment", "service", "configmap", "pvc"]) {
      await world.kubectl("annotate", `${kind}/executor-${name}`, "example.com/note=one");
      await world.kubectl("label", `${kind}/executor-${name}`, "example.com/team=desk");
    }
    const status = [{ op: "add", path: "/status/replicas", value: 3 }];
    await jsonPatch(world, "deployment", { name, patch: status });
    const claim = [{ op: "add", path: "/metadata/finalizers/-", value: "example.com/backup" }];
    await jsonPatch(world, "pvc", { name, patch: claim });
    await world.kubectl("rollout", "restart", `deployment/executor-${name}`);
    await until("the pod is replaced", () => world.script(name).starts === 2);
    await world.untilReady(name, "Trading");
    await sleep(systemClock, WHILE_MS);
    expect((await writesSoFar()).slice(before.length)).toEqual([]);
    expect(repairs(name)).toEqual([]);
  },
  TIMEOUT_MS,
);

test.each(fighters)(
  "with somebody who does not stop it stops after three repairs, and says who fights ($name)",
  async ({ name, kind, path, patch }) => {
    await world.apply(name);
    await world.untilReady(name, "Trading");
    for (const count of [1, 2, 3]) {
      await jsonPatch(world, kind, { name, patch });
      await until(`repair ${count}`, () => repairs(name).length === count);
    }
    await jsonPatch(world, kind, { name, patch });
    await until("it gives up", async () => {
      const { status, reason } = (await world.get(name)).says("Stalled");
      return status === "True" && reason === "DriftFight";
    });
    const stalled = await world.get(name);
    expect(stalled.says("Stalled").message).toContain(path);
    expect(stalled.says("Stalled").message).toContain("--show-managed-fields");
    expect(kstatusOf(stalled)).toBe("Failed");
    const before = await writesSoFar();
    for (let minute = 1; minute <= 2; minute += 1) {
      world.clock.advance(60_000);
      await sleep(systemClock, WHILE_MS);
    }
    expect((await writesSoFar()).slice(before.length)).toEqual([]);
    expect(repairs(name)).toHaveLength(3);
    const said = world.events(name).filter(({ reason }) => reason === "DriftFight");
    expect(said).toMatchObject([{ type: "Warning" }]);

    // A person has been there.
    await world.patch(name, { leverage: 3 });
    await until(
      "it mends again",
      async () => (await world.get(name)).says("Stalled").status === "False",
    );
    await world.untilReady(name, "Trading");
  },
  TIMEOUT_MS,
);

test(
  "ten minutes after the last repair a fight is over",
  async () => {
    const [{ kind, patch }] = fighters;
    const name = "fought-before";
    await world.apply(name);
    await world.untilReady(name, "Trading");
    for (const count of [1, 2, 3]) {
      await jsonPatch(world, kind, { name, patch });
      await until(`repair ${count}`, () => repairs(name).length === count);
    }
    await jsonPatch(world, kind, { name, patch });
    await until(
      "it gives up",
      async () => (await world.get(name)).says("Stalled").reason === "DriftFight",
    );
    world.clock.advance(600_000);
    await until("it mends again", () => repairs(name).length === 4);
    await world.untilReady(name, "Trading");
  },
  TIMEOUT_MS,
);

const owners = async (kind: Kind, name: string) =>
  (await read(kind, name)).metadata.managedFields.flatMap(({ manager, operation, subresource }) =>
    manager === "scalp-operator" && subresource === undefined ? [operation] : [],
  );

test(
  "what we no longer ask for really goes, and what we ask for is ours by apply",
  async () => {
    const name = "owned";
    await world.apply(name, { executor: { nodeSelector: { disk: "ssd" } } });
    await world.untilReady(name, "Trading");
    expect(await owners("deployment", name)).toEqual(["Update"]);
    const selected = z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({ nodeSelector: z.record(z.string(), z.string()).optional() }),
        }),
      }),
    });
    const selector = async () =>
      selected.parse(await read("deployment", name)).spec.template.spec.nodeSelector;
    expect(await selector()).toEqual({ disk: "ssd" });

    await world.kubectl("scale", `deployment/executor-${name}`, "--replicas=3");
    await until("it is repaired", () => repairs(name).length === 1);
    expect(await owners("deployment", name)).toEqual(["Apply"]);

    await world.patch(name, { executor: { nodeSelector: null } });
    await until("the selector is gone", async () => (await selector()) === undefined);
    await world.kubectl("scale", `deployment/executor-${name}`, "--replicas=3");
    await until("it is repaired", () => repairs(name).length === 2);
    expect(await owners("deployment", name)).toEqual(["Apply"]);
    expect(await selector()).toBeUndefined();
  },
  TIMEOUT_MS,
);
