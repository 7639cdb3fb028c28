/**
 * The folder of one control plane and the ports that go with it, claimed by one atomic `mkdir`.
 *
 * Folder number N owns a block of ports, so that two planes never share a port, not even while a
 * server of one of them is stopped. The blocks lie below the range from which the kernel takes ports
 * for outgoing connections: one of those on the port of a stopped server would keep it from coming
 * back. Removing the folder gives the ports back.
 */

import { mkdirSync, rmdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { removeWhenOwnerDies } from "./watched-child.ts";

export type PlanePorts = {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
};

export type PlaneFolder = {
  readonly path: string;
  readonly ports: PlanePorts;
  readonly remove: () => Promise<void>;
};

const FIRST_PORT = 20_000;
const PORTS_PER_PLANE = 8;
const PLANES_MAX = 1_500;

export const claimPlaneFolder = async (parent = tmpdir()): Promise<PlaneFolder> => {
  for (let number = 0; number < PLANES_MAX; number += 1) {
    const path = join(parent, `scalp-control-plane-${number}`);
    if (!isMade(path)) continue;
    const ports = portsOf(number);
    if (await areFree(Object.values(ports))) return { path, ports, remove: watch(path) };
    rmdirSync(path);
  }
  throw new Error(`no block of free ports is left: see ${parent}/scalp-control-plane-*`);
};

/** The watcher goes first: afterwards the folder may be somebody else's. */
const watch = (path: string): (() => Promise<void>) => {
  const sendAway = removeWhenOwnerDies(path);
  return async () => {
    await sendAway();
    rmSync(path, { recursive: true, force: true });
  };
};

const portsOf = (number: number): PlanePorts => {
  const first = FIRST_PORT + number * PORTS_PER_PLANE;
  return {
    etcd: first,
    etcdPeer: first + 1,
    apiServer: first + 2,
    controllerManager: first + 3,
    scheduler: first + 4,
  };
};

/** False where another plane has the folder. */
const isMade = (path: string): boolean => {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    // In jest an error of Node's is not an instance of the test's own `Error`.
    if (z.object({ code: z.literal("EEXIST") }).safeParse(error).success) return false;
    throw error;
  }
};

const areFree = async (ports: ReadonlyArray<number>): Promise<boolean> =>
  (await Promise.all(ports.map(isFree))).every(Boolean);

/** Nobody listens on it: somebody outside the tests may. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
