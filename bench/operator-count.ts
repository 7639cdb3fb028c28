/**
 * What a contestant asks of the API server, counted and not timed: requests by the server's own audit
 * log, connections by whoever passes them on. Each connection is one TLS handshake.
 */

import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import type { ControlPlane } from "../tests/cluster/control-plane.ts";
import { auditedSoFar } from "../tests/cluster/convergence.ts";
import { kubeconfigWriter } from "../tests/cluster/kubectl.ts";
import type { Contestant } from "./operator-contestants.ts";
import { createAll, end } from "./operator-measure.ts";
import { isReported, watchFor } from "./operator-stopwatch.ts";

export type Counted = {
  /** From its start to its end, for all resources together. */
  readonly requests: number;
  readonly writes: number;
  readonly handshakes: number;
};

const SETTLE_MS = 3_000;

/** `plane` keeps an audit log. */
export const countRequests = async (
  plane: ControlPlane,
  contestant: Contestant,
  resources: number,
): Promise<Counted> => {
  const namespace = `count-${contestant.name.replaceAll(/[^a-z]/g, "")}`;
  await plane.call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  const passage = await openPassage(Number(new URL(plane.url).port));
  const folder = join(plane.folder, namespace);
  mkdirSync(folder);
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "bench");
  const { ca, adminToken } = plane;
  const url = `https://127.0.0.1:${passage.port}`;
  const kubeconfig = kubeconfigWriter({ folder, url, ca, adminToken })();
  const before = (await auditedSoFar(plane)).length;
  const operator = contestant.start({ kubeconfig, namespace, tokenFile });
  await sleep(systemClock, SETTLE_MS);
  const reports = watchFor(plane, contestant.collection(namespace), isReported);
  await createAll({ plane, contestant, namespace, resources });
  await reports.untilCount(resources);
  await sleep(systemClock, SETTLE_MS);
  reports.close();
  await end(operator);
  passage.close();
  const audited = await auditedSoFar(plane);
  const asked = audited.slice(before).filter(({ userAgent }) => !OURSELVES.test(userAgent));
  const writes = asked.filter(({ verb }) => !READS.has(verb)).length;
  return { requests: asked.length, writes, handshakes: passage.connections() };
};

/** Who measures, and the server itself. */
const OURSELVES = /^(?:control-plane-test|stopwatch|kube)/;

const READS = new Set(["get", "list", "watch"]);

/** Passes every byte on, and counts who comes. */
const openPassage = async (target: number) => {
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const onward = connect(target, "127.0.0.1");
    client.on("error", () => onward.destroy());
    onward.on("error", () => client.destroy());
    client.pipe(onward).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    connections: () => connections,
    close: () => void server.close(),
  };
};
