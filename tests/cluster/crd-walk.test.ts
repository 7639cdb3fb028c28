/**
 * The field walk: what a real API server says of every field with anything in it, beside what our own
 * check says. An answer of 5xx is a fault of the schema.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { checkAgainst } from "#crds/check-schema.ts";
import { liveStrategySchema } from "#crds/crd.ts";
import { liveStrategyStatus } from "#crds/live-strategy-status.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import { walk, walkInPairs, walkStatus, type Walked } from "./crd-walk.ts";
import { inParallel } from "./in-parallel.ts";
import { edited, manifest } from "./manifests.ts";
import {
  askToCreate,
  askToReplace,
  disagreement,
  LIVE_STRATEGIES,
  localSentences,
} from "./verdicts.ts";

/** More would not be read, and take long to print. */
const SHOWN = 20;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await installCrd(plane);
  await plane.kubectl(["create", "namespace", "trading"]);
}, 120_000);
afterAll(() => plane.close());

const inWords = ({ path, value }: Walked): string =>
  `${path.join(".")} = ${JSON.stringify(value)?.slice(0, 80)}`;

/** A line for each case in which the two do not agree, and how many the server accepts. */
const compare = async (cases: ReadonlyArray<Walked>) => {
  const wrong: string[] = [];
  let accepted = 0;
  await inParallel(cases, async (one) => {
    const document: unknown = JSON.parse(JSON.stringify(one.manifest));
    const server = await askToCreate(plane.call, document);
    if (server.status < 300) accepted += 1;
    const found = disagreement(server, localSentences(document));
    if (found !== undefined) wrong.push(`${inWords(one)}: ${found.slice(0, 400)}`);
  });
  return { wrong, accepted };
};

test("every field with anything in it is judged alike", async () => {
  const cases = walk();
  expect(cases.length).toBeGreaterThan(4_500);
  const { wrong, accepted } = await compare(cases);
  expect(wrong.slice(0, SHOWN)).toEqual([]);
  expect(accepted).toBeGreaterThan(500);
}, 300_000);

test("two edits at once are judged alike", async () => {
  const { wrong, accepted } = await compare(walkInPairs(1_500));
  expect(wrong.slice(0, SHOWN)).toEqual([]);
  expect(accepted).toBeGreaterThan(20);
}, 300_000);

const statusSchema = liveStrategySchema.properties?.["status"] ?? {};
const statusOf = z.object({ status: z.unknown().optional() });

const isReadable = (document: unknown): boolean => {
  const { value, problems } = checkAgainst(statusSchema, statusOf.parse(document).status ?? {});
  return problems.length === 0 && liveStrategyStatus.safeParse(value).success;
};

/** The server takes a list where a text of format date-time belongs. Ours reads no status then. */
const isListForInstant = ({ path, value }: Walked): boolean =>
  Array.isArray(value) && /(?:Time|At)$/.test(String(path.at(-1)));

/** Verdicts only: in a subresource the server names fields from there on. */
test("a status is stored if, and only if, every process can read it", async () => {
  const created = await plane.call("POST", LIVE_STRATEGIES, manifest);
  const cases = walkStatus().filter((one) => !isListForInstant(one));
  const wrong: string[] = [];
  let accepted = 0;
  await inParallel(cases, async (one) => {
    const document: unknown = JSON.parse(JSON.stringify(one.manifest));
    const whole = edited(Object.entries(document ?? {}), created.body);
    const { status, message } = await askToReplace(plane.call, "grid-atr/status", whole);
    const isStored = status < 300;
    if (isStored) accepted += 1;
    if (status >= 500 || isStored !== isReadable(document)) {
      wrong.push(`${inWords(one)}: ${status} ${message.slice(0, 300)}`);
    }
  });
  expect(wrong.slice(0, SHOWN)).toEqual([]);
  expect(accepted).toBeGreaterThan(100);
}, 300_000);
