/**
 * A machine for the node, made of namespaces: it has processes, mounts and a network of its own, one
 * cable to the machine that it is on, and no way beyond that one.
 *
 * Everything in it ends with its first process, and with that all mounts, links, rules of nftables
 * and routes are gone: the kernel does that, whoever is killed and however. What it shares with the
 * machine is the kernel, control groups below one name, and the files in its folder, which lie where
 * a node has them (/var/lib, /var/log). Tunables of the kernel that a kubelet would change are files
 * of its own there.
 *
 *   tests ── 10.243.0.1 scalp-e2e ═══ eth0 10.243.0.2 ── pods 10.244.0.0/24
 */

import { existsSync, mkdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { createServerProcess, type ServerProcess } from "../cluster/server-process.ts";
import { until } from "../cluster/until.ts";
import { spawnWatched, whenOwnerDies } from "../cluster/watched-child.ts";
import { run } from "./command.ts";
import {
  controlGroupOf,
  makeControlGroups,
  REMOVE_CONTROL_GROUPS,
  removeControlGroups,
} from "./control-groups.ts";
import {
  HOST_ADDRESS,
  HOST_LINK,
  LINK_BITS,
  NODE_ADDRESS,
  POD_NETWORK,
  SERVICE_NETWORK,
} from "./network.ts";

export type NodeMachine = {
  /** What the node writes; `lib` and `log` of it are its /var/lib and /var/log. */
  readonly folder: string;
  /** Of its first process, as the machine that it is on counts. */
  readonly pid: number;
  readonly controlGroup: string;
  /** Runs a program in it to its end. */
  readonly run: (program: string, ...args: ReadonlyArray<string>) => Promise<string>;
  /** A server in it. */
  readonly server: (command: NodeServer) => ServerProcess;
  /** Kills everything in it; resolves when nothing is left but the folder. */
  readonly close: () => Promise<void>;
};

export type NodeServer = {
  readonly name: string;
  readonly program: string;
  readonly args: ReadonlyArray<string>;
  readonly isReady: () => Promise<boolean>;
};

export const startNodeMachine = async (folder: string): Promise<NodeMachine> => {
  for (const name of ["lib", "log"]) mkdirSync(join(folder, name), { recursive: true });
  const outer = spawnWatched("unshare", [...UNSHARE, "/bin/sh", "-c", REAP_FOR_EVER], {
    stdio: ["ignore", "ignore", "inherit"],
    cwd: folder,
  });
  const controlGroup = controlGroupOf(outer.pid);
  const dismissCleaner = whenOwnerDies(REMOVE_CONTROL_GROUPS, controlGroup);
  makeControlGroups(controlGroup);
  let pid = 0;
  const close = async (): Promise<void> => {
    outer.child.ref();
    outer.child.kill("SIGKILL");
    await outer.ended;
    await until("the node's machine is gone", () => hasEnded(pid));
    await until("its cable is gone", () => !existsSync(`/sys/class/net/${HOST_LINK}`));
    await removeControlGroups(controlGroup);
    await dismissCleaner();
  };
  try {
    await until("the node's machine has a first process", () => {
      pid = childIn(outer.pid, "/bin/sh") ?? 0;
      return pid > 0;
    });
    await connect(pid);
    const enter = ["--target", String(pid), "--mount", "--net", "--pid", "--"];
    await run("nsenter", [...enter, "/bin/sh", "-c", FURNISH, "sh", folder]);
    return {
      folder,
      pid,
      controlGroup,
      run: (program, ...args) => run("nsenter", [...enter, program, ...args]),
      server: (command) => createInside(folder, enter, command),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const UNSHARE = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];

/** The first process inherits those whose parents have ended, and has to see them off. */
const REAP_FOR_EVER = "while :; do sleep 1000 & wait $!; done";

/** A pid that is nobody's or a zombie's: by then the kernel has ended all others of the namespace. */
const hasEnded = (pid: number): boolean => {
  try {
    return pid === 0 || /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
};

/**
 * The child of a process that has left our namespace of processes and become a program. The other
 * child is the one that watches over us (watched-child.ts), and must never be taken for it: whatever
 * is mounted and linked in the node's machine would be so in ours.
 */
const childIn = (pid: number, program: string): number | undefined =>
  childrenOf(pid).find((child) => {
    try {
      const isElsewhere =
        readlinkSync(`/proc/${child}/ns/pid`) !== readlinkSync("/proc/self/ns/pid");
      const [name] = readFileSync(`/proc/${child}/cmdline`, "utf8").split("\0");
      return isElsewhere && name === program;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });

const childrenOf = (pid: number): ReadonlyArray<number> => {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return children.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** The cable, and the ways to pods and Services through it. */
const connect = async (pid: number): Promise<void> => {
  // That of a cluster whose owner was killed may be there for a moment more.
  await until("no other node is connected", () => !existsSync(`/sys/class/net/${HOST_LINK}`));
  const link = ["link", "add", HOST_LINK, "type", "veth", "peer", "name", "eth0"];
  await run("ip", [...link, "netns", String(pid)]);
  await run("ip", ["address", "add", `${HOST_ADDRESS}/${LINK_BITS}`, "dev", HOST_LINK]);
  await run("ip", ["link", "set", HOST_LINK, "up"]);
  const inside = ["--target", String(pid), "--net", "--", "ip"];
  await run("nsenter", [...inside, "link", "set", "lo", "up"]);
  await run("nsenter", [
    ...inside,
    "address",
    "add",
    `${NODE_ADDRESS}/${LINK_BITS}`,
    "dev",
    "eth0",
  ]);
  await run("nsenter", [...inside, "link", "set", "eth0", "up"]);
  await run("nsenter", [...inside, "route", "add", "default", "via", HOST_ADDRESS]);
  for (const network of [POD_NETWORK, SERVICE_NETWORK]) {
    await run("ip", ["route", "add", network, "via", NODE_ADDRESS, "dev", HOST_LINK]);
  }
};

/**
 * Folders of its own where programs leave things behind. A kubelet wants some tunables to have these
 * values: it finds them so, and the machine's own stay as they are.
 */
const FURNISH = `
  set -eu
  mount -t tmpfs run /run
  mkdir /run/lock
  mount --bind "$1/lib" /var/lib
  mount --bind "$1/log" /var/log
  while read -r name value; do
    echo "$value" > "/run/$(basename "$name")"
    mount --bind "/run/$(basename "$name")" "/proc/sys/$name"
  done <<TUNABLES
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
TUNABLES
  echo 1 > /proc/sys/net/ipv4/ip_forward
`;

/** When the one that has entered is killed, the kernel kills what it has started there. */
const createInside = (
  folder: string,
  enter: ReadonlyArray<string>,
  { name, program, args, isReady }: NodeServer,
): ServerProcess => {
  const server = createServerProcess({
    name,
    binary: "nsenter",
    flags: [...enter, "setpriv", "--pdeathsig", "KILL", program, ...args],
    folder,
    isReady,
  });
  const pid = (): number => {
    const inner = childIn(server.pid(), program);
    if (inner === undefined) throw new Error(`${name} has not begun`);
    return inner;
  };
  return { ...server, pid, signal: (signal) => void process.kill(pid(), signal) };
};
