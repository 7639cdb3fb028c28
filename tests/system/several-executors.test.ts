/** Two live strategies and one on paper, in real processes: what one executor each is good for. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { copyFileSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { readStrategies } from "#cli/get.ts";
import { apiOf } from "./api.ts";
import { childrenOf, is, isReady, newHome, sessionFolder, up, type Run } from "./session.ts";

const TIMEOUT_MS = 120_000;
const home = newHome();
let run: Run;

/** The demo, with its second grid switched on. */
const manifests = (): string => {
  const folder = newHome();
  copyFileSync(join("config", "demo", "assets.yaml"), join(folder, "assets.yaml"));
  for (const path of globSync(join("config", "demo", "strategies", "*.yaml"))) {
    const text = readFileSync(path, "utf8");
    const isSecond = basename(path) === "grid-multi-tf.yaml";
    const on = text
      .replace("enabled: false", "enabled: true")
      .replace("liveEligible: false", "liveEligible: true");
    writeFileSync(join(folder, basename(path)), isSecond ? on : text);
  }
  return folder;
};

const both = ["grid-atr", "grid-multi-tf"];

beforeAll(async () => {
  run = up(["--home", home, "--dir", manifests()]);
  for (const name of both) await run.until(isReady(name, "Trading"));
}, TIMEOUT_MS);

afterAll(() => run.kill("SIGKILL"));

/** Of the executor that was given this strategy's specification. */
const pidOf = (name: string): number | undefined =>
  childrenOf(run.pid, "executor").find((pid) =>
    readFileSync(`/proc/${pid}/environ`, "utf8").includes(`/executors/${name}-`),
  );

test("each live strategy has a process of its own, and the one on paper has none", async () => {
  const pids = both.map(pidOf);
  expect(new Set(childrenOf(run.pid, "executor"))).toEqual(new Set(pids));
  expect(new Set(pids).size).toBe(2);
  await run.until(isReady("grid-boltrend", "PaperOnly"));
});

test("each trades on an account of its own, with keys of its own", () => {
  const accounts = readStrategies(sessionFolder(home)).flatMap(({ metadata, status }) =>
    status?.account === undefined ? [] : [{ name: metadata.name, ...status.account }],
  );
  expect(accounts).toMatchObject(
    both.map((name) => ({ name, dedicatedKeys: true, sharedWith: [] })),
  );
  expect(new Set(accounts.map(({ uid }) => uid)).size).toBe(2);
});

test("each has a memory of its own on disk", () => {
  const folders = globSync(join(sessionFolder(home), "executors", "*", "memory", "snapshot.json"));
  const names = folders.map((path) => path.replace(/.*executors\/(.*)-[0-9a-f]{8}\/.*/, "$1"));
  expect(names.toSorted()).toEqual(both);
});

test(
  "the live socket and the API show both as one, and each by its name",
  async () => {
    const { ask, pushed } = await apiOf(run);
    const status = await pushed(({ connected }) => connected);
    expect(status.enabled).toBe(true);
    expect(Object.keys(status.per_strategy).toSorted()).toEqual(both);
    const balances = Object.values(status.per_strategy).map((each) => each.exchange_balance ?? NaN);
    expect(status.exchange_balance).toBeCloseTo(
      balances.reduce((sum, each) => sum + each, 0),
      6,
    );
    for (const name of both) {
      const own = await ask(`/api/executor/status?strategy=${name}`);
      expect(own).toMatchObject([200, { strategy_name: name, connected: true }]);
    }
  },
  TIMEOUT_MS,
);

const snapshot = z.object({
  strategies: z.record(
    z.string(),
    z.object({
      display: z.string(),
      executor: z
        .object({
          status: z
            .object({
              symbols: z.array(
                z.object({ symbol: z.string(), lastCandleAt: z.number().nullable() }),
              ),
            })
            .nullable(),
        })
        .nullable(),
    }),
  ),
});

test(
  "each has the candles of its own symbols, and decides on them",
  async () => {
    const { ask, pushed } = await apiOf(run);
    const decided = async () => {
      const [, body] = await ask("/api/v1/snapshot");
      return Object.values(snapshot.parse(body).strategies).flatMap(({ display, executor }) => {
        const symbols = executor?.status?.symbols ?? [];
        const isReady = symbols.length > 0 && symbols.every((one) => one.lastCandleAt !== null);
        return isReady ? [[display, ...symbols.map(({ symbol }) => symbol[0])].join(" ")] : [];
      });
    };
    // With each push there may be news.
    while ((await decided()).length < both.length) await pushed(() => true);
    expect(await decided()).toEqual(["grid-atr B E S X", "grid-multi-tf S X"]);
  },
  TIMEOUT_MS,
);

test("every line that an executor logs names its strategy", () => {
  for (const name of both) {
    const [path = ""] = globSync(join(sessionFolder(home), "executors", `${name}-*`, "*.log"));
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    const named = lines.map((line) => z.object({ strategy: z.string() }).parse(JSON.parse(line)));
    expect(new Set(named.map(({ strategy }) => strategy))).toEqual(new Set([`demo/${name}`]));
  }
});

test(
  "one that is killed comes back by itself, and the other never notices",
  async () => {
    const [atr, multi] = both.map(pidOf);
    const seen = run.events().length;
    // Without a pid this would be our own process group.
    if (multi === undefined) throw new Error("no executor of grid-multi-tf");
    process.kill(multi, "SIGKILL");
    const later = (name: string, reason: string) =>
      run.until((event) => run.events().indexOf(event) >= seen && isReady(name, reason)(event));
    await later("grid-multi-tf", "ExecutorRestarting");
    expect(pidOf("grid-atr")).toBe(atr);
    const back = run.events().length;
    await run.until(
      (event) => run.events().indexOf(event) >= back && isReady("grid-multi-tf", "Trading")(event),
    );
    expect(pidOf("grid-multi-tf")).not.toBe(multi);
    expect(pidOf("grid-atr")).toBe(atr);
  },
  TIMEOUT_MS,
);

test(
  "at the end both stop in order: state written down, nobody left, each ledger as the exchange has it",
  async () => {
    run.kill("SIGTERM");
    expect(await run.ended).toBe(0);
    expect(childrenOf(run.pid, "executor")).toEqual([]);
    const journals = globSync(join(sessionFolder(home), "executors", "*", "memory", "journal.log"));
    // What was in the journals is in the snapshots.
    expect(journals.map((path) => readFileSync(path, "utf8"))).toEqual(["", ""]);
    const ledgers = run.events().filter(is("ledger"));
    expect(ledgers).toMatchObject(both.map(() => ({ equal: true, differences: [] })));
    expect(new Set(ledgers.map((ledger) => ledger["strategy"]))).toEqual(new Set(both));
  },
  TIMEOUT_MS,
);
