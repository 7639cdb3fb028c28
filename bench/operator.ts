/**
 * Our operator beside its peers: on one API server, in one run, one after the other, several times.
 *
 * Everything shares the machine: servers, operator and whoever creates. So what a resource costs the
 * API server counts as much as what it costs the operator.
 */

import {
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from "../tests/cluster/control-plane.ts";
import { installCrd } from "../tests/cluster/crd.ts";
import type { Report, Row } from "./table.ts";
import { contestants, onlyOurs, type Contestant } from "./operator-contestants.ts";
import { countRequests } from "./operator-count.ts";
import { measure, type Measured } from "./operator-measure.ts";

export type OperatorBench = {
  readonly runs: number;
  readonly resources: number;
  readonly alone: boolean;
};

const SINGLES = 40;
const SLOW_RESOURCES = 100;

export const benchOperator = async ({ runs, resources, alone }: OperatorBench): Promise<Report> => {
  const all = alone ? onlyOurs() : contestants();
  const samples = new Map(all.map(({ name }) => [name, [] as Measured[]]));
  for (let run = 0; run < runs; run += 1) {
    // The slow one takes minutes: once is enough.
    for (const contestant of all.filter(({ isSlow }) => !isSlow || run === 0)) {
      const count = contestant.isSlow ? Math.min(resources, SLOW_RESOURCES) : resources;
      const measured = await onServer({}, (plane) =>
        measure({ plane, contestant, namespace: "bench", singles: SINGLES, resources: count }),
      );
      samples.get(contestant.name)?.push(measured);
      process.stderr.write(`${contestant.name} ${run + 1}: ${JSON.stringify(brief(measured))}\n`);
    }
  }
  const timed = all.flatMap((contestant) =>
    rowsOf(contestant, samples.get(contestant.name) ?? [], resources),
  );
  // The audit log that counts would cost the others time.
  const counted = await onServer({ audit: true }, (plane) => countAll(plane, all));
  const question = `${resources} resources, four children each`;
  return { benchmark: "operator", question, rows: [...timed, ...counted] };
};

/** A new one each time: what the one before has left behind is in every copy. */
const onServer = async <T>(
  options: ControlPlaneOptions,
  work: (plane: ControlPlane) => Promise<T>,
): Promise<T> => {
  const plane = await startControlPlane(options);
  try {
    await installCrd(plane);
    await installPeerCrd(plane);
    return await work(plane);
  } finally {
    await plane.close();
  }
};

const countAll = async (
  plane: ControlPlane,
  all: ReadonlyArray<Contestant>,
): Promise<ReadonlyArray<Row>> => {
  const rows: Row[] = [];
  for (const contestant of all) {
    const counted = await countRequests(plane, contestant, SLOW_RESOURCES);
    const row = (what: string, value: number): Row => ({
      name: `${contestant.name}: ${what} for ${SLOW_RESOURCES}`,
      unit: "count",
      samples: [value],
    });
    rows.push(row("requests", counted.requests), row("writes", counted.writes));
    rows.push(row("TLS handshakes", counted.handshakes));
  }
  return rows;
};

const brief = ({ firstChild, reported, ...rest }: Measured) => ({
  firstChild: median(firstChild),
  reported: median(reported),
  ...rest,
});

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const rowsOf = (
  { name, isSlow }: Contestant,
  samples: ReadonlyArray<Measured>,
  resources: number,
): ReadonlyArray<Row> => {
  const count = isSlow ? Math.min(resources, SLOW_RESOURCES) : resources;
  const row = (
    what: string,
    unit: Row["unit"],
    of: (one: Measured) => number | ReadonlyArray<number>,
  ): Row => ({ name: `${name}: ${what}`, unit, samples: samples.flatMap((one) => of(one)) });
  return [
    row("one, create to first child", "ms", ({ firstChild }) => firstChild),
    row("one, create to status", "ms", ({ reported }) => reported),
    row(`${count} at once, until all have a status`, "ms", ({ bulk }) => bulk),
    row("of it, each", "ms", ({ bulk }) => bulk / count),
    row("processor time of the operator, each", "ms", ({ cpu }) => cpu / count),
    row("processor time of API server and etcd, each", "ms", ({ serverCpu }) => serverCpu / count),
    row("resident, idle", "MB", ({ idle }) => idle),
    row("resident, loaded", "MB", ({ loaded }) => loaded),
    row("resident, started over all of them", "MB", ({ restarted }) => restarted),
  ];
};

/** As the peers expect it: any specification, and a status. */
const installPeerCrd = async ({ call }: ControlPlane): Promise<void> => {
  await call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "benchstrategies.bench.example.com" },
    spec: {
      group: "bench.example.com",
      scope: "Namespaced",
      names: {
        kind: "BenchStrategy",
        listKind: "BenchStrategyList",
        plural: "benchstrategies",
        singular: "benchstrategy",
      },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
              },
            },
          },
        },
      ],
    },
  });
};
