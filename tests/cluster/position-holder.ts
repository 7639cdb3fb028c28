/**
 * An executor without a process: it holds one position until it is told to be flat. Its pod is one that
 * nobody runs.
 */

import { z } from "zod";
import { known, unknown } from "#base/fact.ts";
import { ok } from "#base/result.ts";
import { executorSpec, type ExecutorSpec } from "#crds/executor-spec.ts";
import type { Executors } from "#operator/executors.ts";
import { openCycleOf, statusOf, symbolOf } from "#operator/testing/samples.ts";
import { systemClock } from "#runtime/clock.ts";

export type PositionHolder = {
  readonly executors: Executors;
  readonly isOpen: () => boolean;
  /** With what its ConfigMap says. */
  readonly boot: (configMap: unknown) => void;
  readonly end: () => void;
};

export const createPositionHolder = (): PositionHolder => {
  let spec: ExecutorSpec | undefined;
  let isOpen = false;
  const executors: Executors = {
    status: () => {
      if (spec === undefined) return Promise.resolve(unknown("it does not answer"));
      const { uid, generation, desiredState, assets } = spec;
      const symbols = assets.map(({ symbol }) =>
        symbolOf({ symbol, cycle: isOpen ? openCycleOf() : null }),
      );
      const said = statusOf({ strategyUid: uid, generation, desiredState, symbols });
      return Promise.resolve(known(said, systemClock.now()));
    },
    control: (_url, next) => {
      if (next.generation >= (spec?.generation ?? 0)) spec = next;
      if (spec?.desiredState === "Flat") isOpen = false;
      return Promise.resolve(ok(undefined));
    },
  };
  return {
    executors,
    isOpen: () => isOpen,
    boot: (configMap) => {
      spec = specIn(configMap);
      isOpen = true;
    },
    end: () => {
      spec = undefined;
    },
  };
};

/** What its ConfigMap tells an executor. */
export const specIn = (configMap: unknown): ExecutorSpec => {
  const { data } = z.object({ data: z.object({ "spec.json": z.string() }) }).parse(configMap);
  return executorSpec.parse(JSON.parse(data["spec.json"]));
};

const template = z.object({
  spec: z.object({
    template: z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()) }) }),
  }),
});

/** As much of the pod that a Deployment asks for as anybody looks at. */
export const podOf = (name: string, deployment: unknown) => ({
  metadata: { name, labels: template.parse(deployment).spec.template.metadata.labels },
  spec: {
    serviceAccountName: "scalp-executor",
    containers: [{ name: "executor", image: "scalp-radar:test" }],
  },
});

/** What a kubelet says of it. */
export const RUNNING = {
  phase: "Running",
  podIP: "10.0.0.1",
  podIPs: [{ ip: "10.0.0.1" }],
  containerStatuses: [
    {
      name: "executor",
      image: "scalp-radar:test",
      imageID: "",
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
    },
  ],
};
