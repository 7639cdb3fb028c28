import { expect, test } from "@jest/globals";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import { SCRIPT_START, scriptedPath } from "../engine/scripted-path.ts";
import { order } from "../engine/scripted-market.ts";
import { uid as toUid } from "../engine/state.ts";
import { defaultSwitches } from "../engine/switches.ts";
import { parseAccounts } from "./accounts.ts";
import { openSession, type Session } from "./session.ts";
import { readSession } from "./store.ts";

const accounts = parseAccounts(["key:secret:passphrase:10000"]);
if (!accounts.ok) throw new Error(accounts.error);
const credentials = accounts.value;
const uid = [...credentials.values()][0]?.uid ?? toUid("");

const prices = Array.from({ length: 400 }, (_, second) => 10_000 - second * 5);
const path = scriptedPath({ BTCUSDT: prices });
const facts = { source: "process", seed: 1, anchor: SCRIPT_START, path: path.identity } as const;

/** Opens the folder as a process would that was started at that second. */
const open = (stateDir: string, second: number) => {
  const saved = readSession(stateDir);
  if (!saved.ok) return saved;
  let now = millis(SCRIPT_START + second * 1_000 + 250);
  const session = openSession(
    { now: () => now },
    {
      path,
      switches: defaultSwitches,
      startAt: SCRIPT_START,
      credentials,
      stateDir,
      facts: { ...facts, switches: "{}" },
      saved: saved.value,
    },
  );
  return session.ok
    ? { ok: true as const, value: { ...session.value, goTo: (to: number) => (now = at(to)) } }
    : session;
};

const at = (second: number) => millis(SCRIPT_START + second * 1_000 + 250);

const start = (stateDir: string, second: number): Session => {
  const opened = open(stateDir, second);
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
};

const buy = (session: Session, second: number, price: string, clientOid?: string) => {
  const fields = { uid, price, clientOid, presetStopLossPrice: "50" };
  const placed = session.engine.placeOrder(at(second), order(fields));
  session.flush();
  return placed.ok ? placed.value.orderId : placed.error.code;
};

const plain = (session: Session): unknown => JSON.parse(JSON.stringify(session.engine.snapshot()));

const inFolder = (use: (folder: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "emulator-state-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const problem = (folder: string, second = 30): string => {
  const opened = open(folder, second);
  return opened.ok ? "no problem" : opened.error;
};

test("what was granted before the process died is there afterwards, to the last digit", () =>
  inFolder((folder) => {
    const first = start(folder, 0);
    buy(first, 1, "99", "a-1");
    buy(first, 2, "95", "a-2");
    first.engine.advance(at(30));
    first.flush();
    first.keepTime();
    // Nobody closes it: the process is gone.
    const second = start(folder, 30);
    expect(plain(second)).toEqual(plain(first));
    expect(second.trail.since(0)).toEqual(first.trail.since(0));
    expect(buy(second, 31, "90", "a-1")).toBe("40786");
    expect(buy(second, 31, "90", "a-3")).toBe(buy(first, 31, "90", "a-3"));
  }));

test("the market is played on over the gap, as if nobody had been away", () =>
  inFolder((folder) => {
    const away = start(folder, 0);
    buy(away, 1, "99");
    const back = start(folder, 300);
    away.engine.advance(at(300));
    away.flush();
    expect(plain(back)).toEqual(plain(away));
    expect(back.trail.since(0)).toEqual(away.trail.since(0));
    expect(back.engine.account(uid)?.fillCount).toBe(1);
  }));

test("an operation whose line was torn was never granted", () =>
  inFolder((folder) => {
    const first = start(folder, 0);
    buy(first, 1, "60", "a-1");
    appendFileSync(join(folder, "operations.jsonl"), '{"n":3,"name":"placeOrder","at":1,"requ');
    appendFileSync(join(folder, "events.jsonl"), '{"kind":"OrderAcc');
    const second = start(folder, 2);
    expect(plain(second)).toMatchObject({ accounts: [{ orders: [{ clientOid: "a-1" }] }] });
    expect(buy(second, 3, "60", "a-2")).toMatch(/^\d{19}$/);
    expect(start(folder, 4).engine.account(uid)?.orders.size).toBe(2);
  }));

test("events that had not been written yet are written on the way back", () =>
  inFolder((folder) => {
    const first = start(folder, 0);
    buy(first, 1, "99");
    first.engine.advance(at(50));
    first.flush();
    const log = join(folder, "events.jsonl");
    const whole = readFileSync(log, "utf8");
    const lines = whole.split("\n");
    for (let kept = 0; kept < lines.length; kept += 1) {
      writeFileSync(
        log,
        lines
          .slice(0, kept)
          .map((line) => `${line}\n`)
          .join(""),
      );
      start(folder, 50);
      expect(readFileSync(log, "utf8")).toBe(whole);
    }
  }));

test("a snapshot that was taken just before the end does not do things twice", () =>
  inFolder((folder) => {
    const first = start(folder, 0);
    buy(first, 1, "60", "a-1");
    const operations = readFileSync(join(folder, "operations.jsonl"), "utf8");
    first.close();
    writeFileSync(join(folder, "operations.jsonl"), operations);
    const second = start(folder, 2);
    expect(second.engine.account(uid)?.orders.size).toBe(1);
    expect(second.trail.last()).toBe(first.trail.last());
  }));

test("the folder knows how far the market had been played", () =>
  inFolder((folder) => {
    const first = start(folder, 0);
    first.engine.advance(at(40));
    first.keepTime();
    const saved = readSession(folder);
    expect(saved.ok && saved.value?.lastInstant).toBe(at(40));
  }));

test("a clock that shows an earlier time than the market's is refused", () =>
  inFolder((folder) => {
    const first = start(folder, 0);
    first.engine.advance(at(200));
    first.keepTime();
    expect(problem(folder, 30)).toBe(
      `the market of ${folder} stands at 2026-11-21T00:03:20.250Z and the clock shows 2026-11-21T00:00:30.250Z: start the clock at that time or later, or choose another state folder`,
    );
    expect(problem(folder, 150)).toBe("no problem");
  }));

test.each([
  ["operations.jsonl", "nonsense\n", "line 1 is not operation 1"],
  ["operations.jsonl", '{"n":7,"name":"shock"}\n', "line 1 is not operation 1"],
  ["events.jsonl", "", "holds 0 events and"],
  ["emulator.json", "{}", "field version"],
  ["emulator.json", '{"version":2}', "field version is 2, this emulator knows 1"],
])("a %s that is not ours is refused with its place", (file, text, sentence) =>
  inFolder((folder) => {
    const first = start(folder, 0);
    buy(first, 1, "60");
    if (file === "events.jsonl") first.close();
    writeFileSync(join(folder, file), text);
    expect(problem(folder)).toContain(sentence);
    expect(problem(folder)).toContain(join(folder, file));
  }),
);

test("an operation that cannot be repeated is a session with other prices", () =>
  inFolder((folder) => {
    const first = start(folder, 0);
    buy(first, 1, "60", "a-1");
    const log = join(folder, "operations.jsonl");
    writeFileSync(log, readFileSync(log, "utf8").replace('"price":"60"', '"price":"10"'));
    expect(problem(folder)).toContain("operation placeOrder at");
    expect(problem(folder)).toContain("is refused now with 40917");
  }));
