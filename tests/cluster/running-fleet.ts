/**
 * Executors by the hundred, all of them trading and none of them a process: pods that nobody runs, each
 * at an address of its own, and who answers there.
 */

import { known, unknown } from "#base/fact.ts";
import { ok } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import { collectionPath, configMaps, deployments, objectPath, pods } from "#kubernetes/resource.ts";
import type { Executors } from "#operator/executors.ts";
import { openCycleOf, statusOf, symbolOf } from "#operator/testing/samples.ts";
import { systemClock } from "#runtime/clock.ts";
import type { ControlPlane } from "./control-plane.ts";
import { podOf, RUNNING, specIn } from "./position-holder.ts";

export type RunningFleet = {
  readonly executors: Executors;
  /** Starts the pod that this strategy's Deployment asks for, and in it an executor. */
  readonly runPod: (name: string) => Promise<void>;
  /** How often any of them was asked. */
  readonly asked: () => number;
};

export const createRunningFleet = (
  { call }: Pick<ControlPlane, "call">,
  namespace: string,
): RunningFleet => {
  const answers = new Map<string, ExecutorStatus>();
  let asked = 0;
  const read = async (method: string, path: string, body?: unknown, type?: string) => {
    const answer = await call(method, path, body, type);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer.body;
  };
  return {
    executors: {
      status: (url) => {
        asked += 1;
        const answer = answers.get(new URL(url).hostname);
        const isThere = answer !== undefined;
        return Promise.resolve(
          isThere ? known(answer, systemClock.now()) : unknown("nobody is there"),
        );
      },
      control: () => Promise.resolve(ok(undefined)),
    },
    runPod: async (name) => {
      const at = { namespace, name: `executor-${name}` };
      const [deployment, configMap] = await Promise.all([
        read("GET", objectPath(deployments, at)),
        read("GET", objectPath(configMaps, at)),
      ]);
      const podIP = addressOf(answers.size);
      answers.set(podIP, tradingOf(specIn(configMap)));
      await read("POST", collectionPath(pods, namespace), podOf(at.name, deployment));
      const status = { ...RUNNING, podIP, podIPs: [{ ip: podIP }] };
      await read("PATCH", objectPath(pods, at, "status"), { status }, MERGE);
    },
    asked: () => asked,
  };
};

const MERGE = "application/merge-patch+json";

const addressOf = (number: number): string => `10.1.${number >> 8}.${number & 255}`;

/** With a position open, on an account of its own. */
const tradingOf = ({ name, uid, generation, assets }: ExecutorSpec): ExecutorStatus => {
  const { account } = statusOf();
  return statusOf({
    strategy: name,
    strategyUid: uid,
    generation,
    account: { ...account, uid: `account of ${name}` },
    symbols: assets.map(({ symbol }) => symbolOf({ symbol, cycle: openCycleOf() })),
  });
};
