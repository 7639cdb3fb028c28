/** A namespace that is deleted with strategies in it is really gone in the end, whatever they hold. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { strategyManifest, startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;

let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld();
}, 120_000);
afterAll(() => world.close(), TIMEOUT_MS);

const BTC = "BTC/USDT:USDT";

/** Those with a position open, by what becomes of them when they are deleted alone. */
const rows = [
  { namespace: "retaining", onStop: "Retain", isSilent: false, type: "Normal" },
  { namespace: "silent", onStop: "Retain", isSilent: true, type: "Normal" },
  { namespace: "flattening", onStop: "Flatten", isSilent: false, type: "Warning" },
] as const;

type Row = (typeof rows)[number];

const untilTrading = async ({ namespace, onStop, isSilent }: Row): Promise<void> => {
  const { plane } = world;
  const script = world.scriptIn(namespace, namespace);
  script.open = new Set([BTC]);
  const succeed = async (args: ReadonlyArray<string>, input?: string) => {
    const { code, stderr } = await plane.kubectl(args, input === undefined ? {} : { input });
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  };
  await succeed(["create", "namespace", namespace]);
  const manifest = strategyManifest(namespace, { onStop });
  const input = JSON.stringify({ ...manifest, metadata: { name: namespace, namespace } });
  await succeed(["apply", "-f", "-"], input);
  const wait = ["wait", `lstrat/${namespace}`, "-n", namespace, "--for=condition=Ready"];
  await succeed([...wait, "--timeout=30s"]);
  if (isSilent) script.mode = { kind: "Silent" };
};

test(
  "it is gone, and what is known of the positions in it has been said",
  async () => {
    await Promise.all(rows.map(untilTrading));
    const namespaces = rows.map(({ namespace }) => namespace);
    await world.plane.kubectl(["delete", "namespace", ...namespaces, "--wait=false"]);
    for (const { namespace, type } of rows) {
      await until(`${namespace} is gone`, async () => {
        const { status } = await world.plane.call("GET", `/api/v1/namespaces/${namespace}`);
        return status === 404;
      });
      const goodbyes = () =>
        world.events(namespace).filter(({ reason }) => reason === "PositionsLeft");
      await until("it is said", () => goodbyes().length > 0);
      const [goodbye, ...others] = goodbyes();
      expect(others).toEqual([]);
      expect(goodbye?.type).toBe(type);
      expect(goodbye?.note).toContain("last said of its positions: Protected, long 1 BTC.");
    }
    const left = await world.plane.kubectl(["get", "lstrat", "--all-namespaces", "-o", "name"]);
    expect(left.stdout).toBe("");
  },
  TIMEOUT_MS,
);
