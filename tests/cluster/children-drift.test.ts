/**
 * Other hands on the children of a strategy, on a real API server: whatever they do to what we
 * declare, or put beside it, is noticed and put right in one round; what is not ours is left alone.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { JsonPatch } from "#kubernetes/api.ts";
import type { Manifest } from "#kubernetes/object.ts";
import { canonicalJson } from "#operator/kube/canonical.ts";
import { differences, type Difference } from "#operator/kube/difference.ts";
import { additions, changes, exchanges, harmless } from "#operator/testing/hands.ts";
import { fullWorkload, workloadOf } from "#operator/testing/workloads.ts";
import { fieldsOf, isAddress, isLeaf, otherValues, type Field } from "./child-fields.ts";
import { apply, change, content, createNamespace, read, repair } from "./child-world.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";

const START_TIMEOUT_MS = 120_000;
const TIMEOUT_MS = 120_000;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await createNamespace(plane.call, "trading");
}, START_TIMEOUT_MS);
afterAll(() => plane.close(), TIMEOUT_MS);

const paths = (found: ReadonlyArray<Difference>) =>
  found.map(({ kind, path }) => `${kind} ${path}`);

/** The hand, then one round of repair: everything is as it was before. */
const expectRepaired = async (child: Manifest, name: string, before: unknown) => {
  const { found, left, live } = await repair(plane.call, child);
  expect([name, paths(left)]).toEqual([name, []]);
  expect([name, content(live)]).toEqual([name, before]);
  return found;
};

/** The place itself, one around it, or one in it that the server has not filled in again. */
const isAbout =
  ({ pointer }: Field) =>
  (path: string): boolean =>
    `${pointer}/`.startsWith(`${path}/`) || path.startsWith(`${pointer}/`) || path.endsWith("/-");

type Tried = {
  /** What the server lets nobody do. */
  readonly refused: ReadonlyArray<string>;
  readonly noticed: number;
  /** The server has filled in the very value that we ask for. */
  readonly withoutEffect: ReadonlyArray<string>;
};

/** Does each hand that the server lets through, and sees it noticed and put right. */
const tryHands = async (handsOf: (field: Field) => ReadonlyArray<JsonPatch>): Promise<Tried> => {
  const refused: string[] = [];
  const withoutEffect: string[] = [];
  let noticed = 0;
  for (const child of Object.values(workloadOf({ ...fullWorkload, metadata: { name: "drift" } }))) {
    const before = content(await apply(plane.call, child));
    for (const field of fieldsOf(child).filter((one) => !isAddress(one))) {
      const hands = handsOf(field);
      if (hands.length === 0) continue;
      const name = `${child.kind} ${field.pointer}`;
      const outcome = await tryHand(child, hands, { field, before });
      if (outcome === "Refused") refused.push(name);
      else if (outcome === "WithoutEffect") withoutEffect.push(name);
      else noticed += 1;
    }
  }
  return { refused, withoutEffect, noticed };
};

const tryHand = async (
  child: Manifest,
  hands: ReadonlyArray<JsonPatch>,
  { field, before }: { readonly field: Field; readonly before: unknown },
): Promise<"Refused" | "WithoutEffect" | "Noticed"> => {
  if (!(await isDone(child, hands))) return "Refused";
  const after = content(await read(plane.call, child));
  if (canonicalJson(after) === canonicalJson(before)) return "WithoutEffect";
  const name = `${child.kind} ${field.pointer}`;
  const found = await expectRepaired(child, name, before);
  const places = found.map(({ repair: { path } }) => path);
  expect([name, places.some(isAbout(field))]).toEqual([name, true]);
  return "Noticed";
};

/** The first of the hands that the server lets through. */
const isDone = async (child: Manifest, hands: ReadonlyArray<JsonPatch>): Promise<boolean> => {
  for (const hand of hands) {
    const { status } = await change(plane.call, child, hand);
    if (status < 300) return true;
  }
  return false;
};

const matching = (names: ReadonlyArray<string>, reasons: ReadonlyArray<RegExp>) =>
  names.filter((name) => !reasons.some((reason) => reason.test(name)));

/** What a server refuses whoever asks. */
const immutable = [
  /^PersistentVolumeClaim \/spec/,
  /^Service \/spec\/(?:type|clusterIP)$/,
  /^Deployment \/spec\/selector/,
  // Those that the selector selects.
  /^Deployment .+\/metadata\/labels\/(?:app\.kubernetes\.io~1component|scalpradar.io~1strategy-uid)$/,
];

test(
  "every declared value that another hand changes is noticed and put right",
  async () => {
    const { refused, withoutEffect, noticed } = await tryHands((field) =>
      isLeaf(field)
        ? otherValues(field).map((value) => [{ op: "replace", path: field.pointer, value }])
        : [],
    );
    expect(withoutEffect).toEqual([]);
    const others = [
      // The only value there is, or the only one beside its neighbours.
      /\/(?:restartPolicy|effect)$/,
      /\/(?:startup|liveness)Probe\/successThreshold$/,
      // Together with what refers to it, or beside it: see the hands below.
      /\/(?:volumeMounts|volumes)\/\d+\/name$/,
      /\/securityContext\/privileged$/,
    ];
    expect(matching(refused, [...immutable, ...others])).toEqual([]);
    expect(noticed).toBeGreaterThanOrEqual(179);
  },
  TIMEOUT_MS,
);

test(
  "everything declared that another hand takes away is noticed and put back",
  async () => {
    const { refused, withoutEffect, noticed } = await tryHands(({ pointer }) => [
      [{ op: "remove", path: pointer }],
    ]);
    const needed = [
      /^\w+ \/metadata\/ownerReferences\/0\/(?:apiVersion|kind|name|uid)$/,
      /^Service \/spec\/ports\/0\/port$/,
      /^Deployment \/spec(?:\/template(?:\/spec|\/metadata(?:\/labels)?)?)?$/,
      /\/(?:name|image|containerPort|mountPath|claimName|key|path|httpGet|httpGet\/port)$/,
      /\/(?:seccompProfile\/type|tolerations\/\d\/effect)$/,
      // Mounted, or all that there is.
      /\/(?:containers|volumes)(?:\/\d)?$/,
    ];
    expect(matching(refused, [...immutable, ...needed])).toEqual([]);
    const filledIn = [
      /^Service \/spec\/(?:type|clusterIP|sessionAffinity|internalTrafficPolicy)$/,
      /^Deployment \/spec\/(?:replicas|progressDeadlineSeconds)$/,
      /\/(?:serviceAccountName|restartPolicy|dnsPolicy|schedulerName|imagePullPolicy)$/,
      /\/(?:protocol|scheme|successThreshold|periodSeconds|terminationMessagePath)$/,
    ];
    expect(matching(withoutEffect, filledIn)).toEqual([]);
    expect(noticed).toBeGreaterThanOrEqual(187);
  },
  TIMEOUT_MS,
);

test.each([...changes, ...additions, ...exchanges])(
  "put right: %s",
  async (name, child, hand, expected) => {
    const before = content(await apply(plane.call, child));
    const { status, body } = await change(plane.call, child, hand);
    expect([status, status < 300 ? "" : body]).toEqual([200, ""]);
    const found = await expectRepaired(child, name, before);
    expect(paths(found).toSorted()).toEqual(expected.toSorted());
  },
);

test.each(harmless)("left alone: %s", async (_name, child, hand) => {
  await apply(plane.call, child);
  const { status, body } = await change(plane.call, child, hand);
  expect([status, status < 300 ? "" : body]).toEqual([200, ""]);
  expect(paths(differences(child, await read(plane.call, child)))).toEqual([]);
});
