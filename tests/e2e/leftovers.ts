/** What a cluster could leave behind on the machine that it ran on. */

import { globSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { controlGroups } from "./control-groups.ts";
import { run } from "./command.ts";

export type Traces = {
  readonly links: ReadonlyArray<string>;
  readonly mounts: ReadonlyArray<string>;
  readonly routes: string;
  readonly controlGroups: ReadonlyArray<string>;
  readonly folders: ReadonlyArray<string>;
  /** What a kubelet and kube-proxy would set. */
  readonly tunables: ReadonlyArray<string>;
};

/** Folders in which programs of a node keep things by default. */
const FOLDERS = [
  "/run/containerd*",
  "/run/netns*",
  "/var/lib/kubelet*",
  "/var/lib/cni*",
  "/var/log/pods*",
  "/var/log/containers*",
];

const TUNABLES = [
  "kernel/keys/root_maxbytes",
  "kernel/keys/root_maxkeys",
  "kernel/panic",
  "kernel/panic_on_oops",
  "net/ipv4/ip_forward",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
];

export const traces = async (): Promise<Traces> => ({
  links: readdirSync("/sys/class/net"),
  mounts: readFileSync("/proc/self/mounts", "utf8").trim().split("\n"),
  routes: await run("ip", ["route"]),
  controlGroups: controlGroups(),
  folders: FOLDERS.flatMap((pattern) => globSync(pattern)),
  tunables: TUNABLES.map((name) => `${name} ${readFileSync(`/proc/sys/${name}`, "utf8").trim()}`),
});

/**
 * All processes of the name space that a process is in, and of those within it, as `pid starttime`:
 * numbers are used again.
 */
export const familyOf = (pid: number): ReadonlyArray<string> => {
  const processes = allProcesses();
  const childrenByParent = Map.groupBy(processes, ({ parent }) => parent);
  const withDescendants = (member: Process): ReadonlyArray<Process> => [
    member,
    ...(childrenByParent.get(member.pid) ?? []).flatMap(withDescendants),
  ];
  const space = spaceOf(pid);
  const family = processes
    .filter((process) => spaceOf(process.pid) === space)
    .flatMap(withDescendants);
  return [...new Set(family.map(({ pid, started }) => `${pid} ${started}`))];
};

const spaceOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
};

/** Those of them that still run. */
export const survivorsOf = (family: ReadonlyArray<string>): ReadonlyArray<string> => {
  const running = new Set(allProcesses().map(({ pid, started }) => `${pid} ${started}`));
  return family.filter((member) => running.has(member));
};

type Process = { readonly pid: number; readonly parent: number; readonly started: string };

const allProcesses = (): ReadonlyArray<Process> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)));

/** A program may have blanks and brackets in its name, so the fields are counted after it. */
const statOf = (pid: number): ReadonlyArray<Process> => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? [] : [{ pid, parent: Number(parent), started: rest[17] ?? "" }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
};
