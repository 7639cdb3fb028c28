/**
 * The chart on a real node, as a user meets it: installed by Helm, and from then on nothing but helm
 * and kubectl. The exchange's own log is held against the product after each scenario.
 */

import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";
import { systemClock } from "#runtime/clock.ts";
import { until } from "../cluster/until.ts";
import { askAggregator, executorSaid } from "./chart-aggregator.ts";
import { strategyOf } from "./chart-strategies.ts";
import { chartWith, startChartWorld, type ChartWorld, type Pod } from "./chart-world.ts";
import { canRunNode, testOnNode } from "./on-node.ts";

const START_TIMEOUT_MS = 300_000;
const TIMEOUT_MS = 240_000;
/** An entry is filled when the price gets there. */
const FILLED_WITHIN_MS = 120_000;
const STEP_TIMEOUT_MS = 90_000;

const DEMO = "grid-atr";

let world: ChartWorld;
let notes: string;
let installedAt: number;
beforeAll(async () => {
  if (!canRunNode) return;
  world = await startChartWorld();
  installedAt = systemClock.now();
  const chart = chartWith(world.cluster.image, "demo.enabled=true");
  await explained(async () => {
    notes = await world.helm(`install scalp ${chart} --wait --timeout=2m`);
    await world.keepLog();
  });
}, START_TIMEOUT_MS);
afterAll(async () => {
  if (canRunNode) await world.close();
}, TIMEOUT_MS);

/** For whoever reads why it did not come to that. */
const explained = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    for (const command of [
      "get pods,pvc,deployments,lstrat,jobs --output=wide",
      "describe lstrat",
      "get events --sort-by=.lastTimestamp",
      "logs deployment/scalp-operator --tail=40",
      "logs deployment/scalp-emulator --tail=20",
      "logs --selector=app.kubernetes.io/component=executor --tail=40 --prefix",
      "logs --selector=app.kubernetes.io/component=demo --tail=20 --prefix",
    ]) {
      const said = await world.kubectl(command).catch(String);
      process.stderr.write(`kubectl ${command}\n${said}\n`);
    }
    throw error;
  }
};

const scenario = (sentence: string, work: () => Promise<void>): void => {
  testOnNode(sentence, () => explained(work), TIMEOUT_MS);
};

afterEach(() => {
  if (!canRunNode) return;
  const { doubledClientIds, nakedIntervals } = world.audit();
  expect(doubledClientIds).toEqual([]);
  expect(nakedIntervals).toEqual([]);
});

/** What the account holds of these, by its fills: `BTCUSDT SHORT 0.029`. */
const booked = (bases: ReadonlyArray<string>): ReadonlyArray<string> => {
  const symbols = new Set(bases.map((base) => `${base}USDT`));
  const [books] = [...world.audit().books.values()];
  return [...(books?.positions ?? [])]
    .filter(([symbol]) => symbols.has(symbol))
    .map(([symbol, size]) =>
      [symbol, size.gt(0) ? "LONG" : "SHORT", size.abs().toNumber()].join(" "),
    );
};
const DEMO_BASES = ["BTC", "ETH", "SOL", "XRP"];

const untilHolding = async (name: string, bases: ReadonlyArray<string>): Promise<void> => {
  await until(`${name} holds something`, () => booked(bases).length > 0, FILLED_WITHIN_MS);
  await until(
    `${name} is protected`,
    async () => (await world.strategy(name)).condition("Protected")?.status === "True",
  );
};

const onlyPod = async (component: string) => {
  const found = await world.pods(component);
  expect(found).toHaveLength(1);
  const [pod] = found;
  if (pod === undefined) throw new Error(`${component} has no pod`);
  return pod;
};

const patch = (name: string, spec: object): Promise<string> =>
  world.kubectl(`patch livestrategy ${name} --type=merge --patch='${JSON.stringify({ spec })}'`);

const names = async (kinds: string): Promise<ReadonlyArray<string>> =>
  (await world.kubectl(`get ${kinds} --output=name`)).trim().split("\n").toSorted();

/** Lines of what Helm printed that are commands, continued ones in one. */
const commandsIn = (text: string): ReadonlyArray<string> =>
  text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.startsWith("  kubectl "))
    .map((line) => line.trim());

const commandWith = (words: string): string => {
  const found = commandsIn(notes).find((line) => line.includes(words));
  if (found === undefined) throw new Error(`no ${words} in:\n${notes}`);
  return found;
};

const apiToken = () => world.shell(commandWith("get secret"));

/** By the Service's address, where the node's rules lead from it to the pod. */
const aggregatorUrl = async (): Promise<string> => {
  const address = await world.kubectl(
    "get service scalp-aggregator --output=jsonpath='{.spec.clusterIP}:{.spec.ports[0].port}'",
  );
  return `http://${address}`;
};

/** What the executor says of its positions is what the exchange's log makes of its fills. */
const untilShown = async (): Promise<void> => {
  const since = systemClock.now();
  const [url, token] = [await aggregatorUrl(), await apiToken()];
  let said: unknown;
  const isSo = async () => {
    said = (await askAggregator(DEMO, url, token).catch(() => undefined))?.body;
    const { data } = executorSaid.safeParse(said);
    if (data?.connected !== true || data.stale) return false;
    if (Date.parse(data.as_of ?? "") < since) return false;
    const shown = (data.positions ?? []).map(({ symbol, direction, quantity }) =>
      [symbol.replace("/USDT:USDT", "USDT"), direction, quantity].join(" "),
    );
    return shown.toSorted().join() === booked(DEMO_BASES).toSorted().join();
  };
  try {
    await until("the aggregator shows what the exchange has", isSo, STEP_TIMEOUT_MS);
  } catch (error) {
    const words = `${JSON.stringify(said)}, not ${booked(DEMO_BASES).join()}`;
    throw new Error(words, { cause: error });
  }
};

scenario(
  "installed, the demo trades within a minute, with the workloads that it should have",
  async () => {
    // Both by the machine's clock.
    await until("an order is filled", () => world.audit().fills.length > 0, FILLED_WITHIN_MS);
    const fillMs = (world.audit().fills[0]?.at ?? Number.NaN) - installedAt;
    say("from helm install to the first fill", fillMs);
    expect(fillMs).toBeGreaterThan(0);

    await world.untilReady(DEMO, "Trading");
    await world.untilReady("grid-boltrend", "PaperOnly");
    await world.untilReady("grid-multi-tf", "Disabled");
    expect(await names("livestrategies")).toHaveLength(3);
    expect(await names("deployments")).toEqual([
      "deployment.apps/executor-grid-atr",
      "deployment.apps/scalp-aggregator",
      "deployment.apps/scalp-emulator",
      "deployment.apps/scalp-operator",
    ]);
    expect(await names("persistentvolumeclaims")).toEqual([
      "persistentvolumeclaim/executor-grid-atr",
    ]);
    await untilHolding(DEMO, DEMO_BASES);
  },
);

scenario("the commands that Helm prints work, and the page's door wants its token", async () => {
  expect(notes).toContain("Live trading is off");
  expect(commandsIn(notes)).toHaveLength(4);
  const watch = await world.open(commandWith("--watch"), /grid-atr.*\n(?:.*\n)*grid-multi-tf.*\n/);
  await watch.stop();

  await untilShown();
  const token = await apiToken();
  expect(token).toMatch(/^[A-Za-z0-9]{48}$/);
  // Any port of this machine: others may be busy with 8080.
  const forward = commandWith("port-forward").replace(" 8080:", " :");
  const door = await world.open(forward, /127\.0\.0\.1:(\d+)/);
  for (const url of [`http://127.0.0.1:${door.found}`, await aggregatorUrl()]) {
    expect((await askAggregator(DEMO, url, undefined)).status).toBe(401);
    expect((await askAggregator(DEMO, url, `${token}x`)).status).toBe(401);
    const { status, body } = await askAggregator(DEMO, url, token);
    expect(status).toBe(200);
    expect(body).toMatchObject({ strategy_name: DEMO, enabled: true });
  }
  await door.stop();
});

/** A new pod, or a new container in the old one, has taken over: the strategy obeys and trades. */
const untilBack = async (component: string, isNew: (pod: Pod) => boolean): Promise<void> => {
  const gone = systemClock.elapsed();
  const isBack = async () => {
    const [pod, ...others] = await world.pods(component);
    return others.length === 0 && pod !== undefined && pod.isReady && isNew(pod);
  };
  await until(`${component} is back`, isBack, STEP_TIMEOUT_MS);
  for (const desiredState of ["Reducing", "Trading"]) {
    await patch(DEMO, { desiredState });
    const ready = await world.untilReady(DEMO, desiredState);
    expect(ready.status).toBe("True");
  }
  say(`${component} is back after`, systemClock.elapsed() - gone);
  await untilShown();
  say("and the aggregator knows after", systemClock.elapsed() - gone);
};

const say = (words: string, ms: number): void =>
  void process.stderr.write(`${words}: ${(ms / 1_000).toFixed(1)} s\n`);

scenario(
  "with a position open, an executor that is deleted or killed comes back and trades on",
  async () => {
    await untilHolding(DEMO, DEMO_BASES);
    const first = await onlyPod("executor");
    await world.kubectl(`delete pod ${first.name}`);
    await untilBack("executor", ({ uid }) => uid !== first.uid);
    // The one before was still ending when it began.
    expect(await onlyPod("executor")).toMatchObject({ restarts: 0 });

    await untilHolding(DEMO, DEMO_BASES);
    const { uid, containerId, restarts } = await onlyPod("executor");
    const kill = ["--namespace", "k8s.io", "task", "kill", "--signal", "SIGKILL", containerId];
    await world.cluster.machine.run("ctr", ...kill);
    await untilBack("executor", (pod) => pod.uid === uid && pod.restarts === restarts + 1);
  },
);

scenario(
  "the operator and the aggregator are deleted while it trades, and nobody notices",
  async () => {
    const executor = await onlyPod("executor");
    for (const component of ["operator", "aggregator"]) {
      const { name, uid } = await onlyPod(component);
      await world.kubectl(`delete pod ${name}`);
      await untilBack(component, (pod) => pod.uid !== uid);
    }
    expect(await onlyPod("executor")).toMatchObject({
      uid: executor.uid,
      restarts: executor.restarts,
    });
  },
);

scenario(
  "patched to Flat it closes everything and opens nothing, and patched back it trades",
  async () => {
    await untilHolding(DEMO, DEMO_BASES);
    await patch(DEMO, { desiredState: "Flat" });
    const ready = await world.untilReady(DEMO, "Flat");
    expect(ready.status).toBe("True");
    await until("everything is closed", () => booked(DEMO_BASES).length === 0);
    await patch(DEMO, { desiredState: "Trading" });
    await world.untilReady(DEMO, "Trading");
  },
);

scenario(
  "an upgrade of the operator alone leaves executors as they are, and so does its rollback",
  async () => {
    const before = await onlyPod("executor");
    const operator = await onlyPod("operator");
    const chart = chartWith(world.cluster.image, "operator.logLevel=debug");
    await world.helm(`upgrade scalp ${chart} --reuse-values --wait --timeout=2m`);
    const upgraded = await onlyPod("operator");
    expect(upgraded.uid).not.toBe(operator.uid);
    await world.untilReady(DEMO, "Trading");
    await world.helm("rollback scalp 1 --wait --timeout=2m");
    expect((await onlyPod("operator")).uid).not.toBe(upgraded.uid);
    await world.untilReady(DEMO, "Trading");
    const { uid, restarts, containerId } = before;
    expect(await onlyPod("executor")).toMatchObject({ uid, restarts, containerId });
    expect(await names("livestrategies")).toHaveLength(3);
  },
);

const makeSecret = (name: string): Promise<string> =>
  world.kubectl(
    `create secret generic ${name} --from-literal=apiKey=demo --from-literal=secret=demo --from-literal=passphrase=demo`,
  );

const executorOf = async (strategy: string) => {
  const pods = await world.pods(`executor,scalpradar.io/strategy=${strategy}`);
  expect(pods).toHaveLength(1);
  return pods[0];
};

scenario(
  "without its Secret a strategy waits and says for what, and goes on once it is there",
  async () => {
    await world.apply(strategyOf("late", ["AAVE", "UNI"], {}));
    const waiting = await world.untilReady("late", "ExecutorWaiting");
    expect(waiting.status).toBe("False");
    expect(waiting.message).toContain("apiKey");
    const before = await executorOf("late");
    await makeSecret("late");
    const created = systemClock.elapsed();
    await world.untilReady("late", "Trading");
    say("from the Secret to Trading", systemClock.elapsed() - created);
    expect(await executorOf("late")).toMatchObject({ uid: before?.uid, restarts: 0 });
  },
);

scenario(
  "deleted with a position open, it closes it or leaves it with its stop, as onStop says",
  async () => {
    const bases = { flatten: ["BNB", "DOGE", "ADA"], retain: ["LINK", "AVAX", "BCH"] };
    for (const [name, own] of Object.entries(bases)) {
      await makeSecret(name);
      await world.apply(
        strategyOf(name, own, { onStop: name === "retain" ? "Retain" : "Flatten" }),
      );
    }
    for (const [name, own] of Object.entries(bases)) {
      await world.untilReady(name, "Trading");
      const trading = systemClock.elapsed();
      await untilHolding(name, own);
      say(`${name} holds a position after`, systemClock.elapsed() - trading);
      await world.kubectl(`delete livestrategy ${name} --timeout=90s`);
    }
    expect(booked(bases.flatten)).toEqual([]);
    expect(booked(bases.retain)).not.toEqual([]);
    await until("their pods are gone", async () => (await world.pods("executor")).length === 2);
    expect(await names("persistentvolumeclaims")).toEqual(
      ["flatten", DEMO, "late", "retain"].map((name) => `persistentvolumeclaim/executor-${name}`),
    );
    const goodbye =
      "get events --field-selector=reason=PositionsLeft --output=jsonpath='{.items[*].involvedObject.name}'";
    expect(await world.kubectl(goodbye)).toBe("retain");
  },
);

scenario("uninstalled, it leaves strategies and executors in peace", async () => {
  const before = await world.pods("executor");
  const strategies = await names("livestrategies");
  await world.helm("uninstall scalp --wait --timeout=2m");
  expect(await names("deployments")).toEqual([
    "deployment.apps/executor-grid-atr",
    "deployment.apps/executor-late",
  ]);
  await world.shell("kubectl get crd livestrategies.scalpradar.io");
  expect(await names("livestrategies")).toEqual(strategies);
  expect(strategies).toHaveLength(4);
  const after = await world.pods("executor");
  expect(after.map(({ uid }) => uid).toSorted()).toEqual(before.map(({ uid }) => uid).toSorted());
  expect(await names("secrets")).toContain("secret/scalp-executor-token");
});
