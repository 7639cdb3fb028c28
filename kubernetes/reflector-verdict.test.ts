import { expect, test } from "@jest/globals";
import type { ApiError } from "./api.ts";
import {
  errorOf,
  judge,
  type Outcome,
  type Patience,
  type Phase,
  type Verdict,
} from "./reflector-verdict.ts";

const refused = (kind: ApiError["kind"], message = ""): Outcome => ({
  kind: "Refused",
  error: { kind, message, retryAfterMs: 0 },
});
const errored = (kind: ApiError["kind"], message = ""): Outcome => ({
  kind: "Errored",
  error: { kind, message, retryAfterMs: 0 },
});

const TOO_LARGE = "Timeout: Too large resource version: 902, current: 900";

const ended: Outcome = { kind: "Ended", wasShort: false };
const endedAtOnce: Outcome = { kind: "Ended", wasShort: true };
const silent: Outcome = { kind: "Silent" };
const broken: Outcome = { kind: "Broken", message: "terminated" };

type Row = readonly [Phase, string, Outcome, Verdict["next"], Verdict["wait"]];

const rows: ReadonlyArray<Row> = [
  ["Follow", "ended by the server", ended, "Same", "None"],
  ["Follow", "ended at once", endedAtOnce, "Same", "Backoff"],
  ["Follow", "gone silent", silent, "Same", "Backoff"],
  ["Follow", "broken", broken, "Same", "Backoff"],
  ["Follow", "answered 410", refused("Expired"), "Sync", "Backoff"],
  ["Follow", "410 in the stream", errored("Expired"), "Sync", "Backoff"],
  ["Follow", "too large a version", errored("Expired", TOO_LARGE), "Sync", "Server"],
  ["Follow", "answered 429", refused("TooManyRequests"), "Same", "Backoff"],
  ["Follow", "429 in the stream", errored("TooManyRequests"), "Same", "Backoff"],
  ["Follow", "answered 503", refused("Unavailable"), "Same", "Backoff"],
  ["Follow", "500 in the stream", errored("Unavailable"), "Sync", "Backoff"],
  ["Follow", "something unknown in the stream", errored("Unknown"), "Sync", "Backoff"],
  ["Follow", "a conflict in the stream", errored("Conflict"), "Sync", "Backoff"],
  ["Follow", "answered 403", refused("Forbidden"), "Same", "Slow"],
  ["Follow", "403 in the stream", errored("Forbidden"), "Same", "Slow"],
  ["Follow", "answered 404", refused("NotFound"), "Sync", "Slow"],
  ["Follow", "answered 400", refused("Invalid"), "Sync", "Backoff"],
  ["Sync", "ended before the bookmark", ended, "List", "None"],
  ["Sync", "not complete in time", silent, "List", "None"],
  ["Sync", "broken", broken, "Same", "Backoff"],
  ["Sync", "answered 410", refused("Expired"), "Afresh", "Backoff"],
  ["Sync", "410 in the stream", errored("Expired"), "Afresh", "Backoff"],
  ["Sync", "too large a version", errored("Expired", TOO_LARGE), "Same", "Server"],
  ["Sync", "answered 429", refused("TooManyRequests"), "Same", "Backoff"],
  ["Sync", "answered 503", refused("Unavailable"), "Same", "Backoff"],
  ["Sync", "500 in the stream", errored("Unavailable"), "List", "None"],
  ["Sync", "answered 400", refused("Invalid"), "List", "None"],
  ["Sync", "400 in the stream", errored("Invalid"), "List", "None"],
  ["Sync", "answered 403", refused("Forbidden"), "Same", "Slow"],
  ["Sync", "answered 404", refused("NotFound"), "Same", "Slow"],
  ["List", "complete", ended, "Same", "None"],
  ["List", "answered 410", refused("Expired"), "Same", "Backoff"],
  ["List", "answered 429", refused("TooManyRequests"), "Same", "Backoff"],
  ["List", "answered 503", refused("Unavailable"), "Same", "Backoff"],
  ["List", "answered 400", refused("Invalid"), "Same", "Slow"],
  ["List", "answered 403", refused("Forbidden"), "Same", "Slow"],
  ["List", "answered 404", refused("NotFound"), "Same", "Slow"],
  ["Follow", "stopped by us", { kind: "Stopped" }, "Same", "None"],
];

const soon: Patience = { unheardMs: 0, behindMs: 0, refusedMs: 60_000 };

test.each(rows.map(([phase, what, outcome, next, wait]) => ({ phase, what, outcome, next, wait })))(
  "$phase, $what: $next, $wait",
  ({ phase, outcome, next, wait }) => {
    expect(judge(phase, outcome, soon)).toEqual({ next, wait });
  },
);

test("when one stream after another is silent, the version is in doubt", () => {
  const next = (unheardMs: number) => judge("Follow", silent, { ...soon, unheardMs }).next;
  expect([150_000, 299_999, 300_000].map(next)).toEqual(["Same", "Same", "Sync"]);
});

test("a server that does not catch up is asked for what it has", () => {
  const behind = errored("Expired", TOO_LARGE);
  const next = (phase: Phase, behindMs: number) => judge(phase, behind, { ...soon, behindMs }).next;
  expect([0, 9_999, 10_000].map((ms) => next("Sync", ms))).toEqual(["Same", "Same", "Afresh"]);
  expect([0, 9_999, 10_000].map((ms) => next("Follow", ms))).toEqual(["Sync", "Sync", "Afresh"]);
});

test("a refusal may be that of a server that is starting: only after a minute it is for people", () => {
  const wait = (phase: Phase, kind: ApiError["kind"], refusedMs: number) =>
    judge(phase, refused(kind), { ...soon, refusedMs }).wait;
  for (const phase of ["Follow", "Sync", "List"] as const) {
    for (const kind of ["Forbidden", "NotFound"] as const) {
      const waits = [0, 59_999, 60_000].map((ms) => wait(phase, kind, ms));
      expect([phase, kind, waits]).toEqual([phase, kind, ["Backoff", "Backoff", "Slow"]]);
    }
  }
});

test("nothing is told of an end in order, and something of every other", () => {
  expect(errorOf(ended)).toBeUndefined();
  expect(errorOf({ kind: "Stopped" })).toBeUndefined();
  for (const outcome of [endedAtOnce, silent, broken, refused("Expired"), errored("Expired")]) {
    expect(errorOf(outcome)?.kind).toEqual(expect.any(String));
  }
});
