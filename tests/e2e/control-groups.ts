/**
 * The control group below which the kubelet of one cluster keeps all its pods: made before it, and
 * removed after it, in every hierarchy that there is. No two clusters have the same: who cleans up
 * after one that was killed must not meet the next one.
 */

import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "../cluster/until.ts";

const ROOT = "/sys/fs/cgroup";
const PREFIX = "scalp-e2e-";

/** `pid` is of a process that lives as long as the cluster does. */
export const controlGroupOf = (pid: number): string => `${PREFIX}${pid}`;

/** One hierarchy of all controllers, or one for each of them. */
const hierarchies = (): ReadonlyArray<string> =>
  existsSync(join(ROOT, "cgroup.controllers"))
    ? [ROOT]
    : readdirSync(ROOT)
        .map((name) => join(ROOT, name))
        .filter((path) => existsSync(join(path, "cgroup.procs")));

export const makeControlGroups = (name: string): void => {
  for (const path of hierarchies()) mkdirSync(join(path, name), { recursive: true });
};

/** Of all clusters, or of one; the deepest first: a group goes only after those in it. */
export const controlGroups = (name?: string): ReadonlyArray<string> =>
  hierarchies()
    .flatMap((path) => groupsIn(path))
    .filter((path) =>
      name === undefined ? path.includes(`/${PREFIX}`) : path.endsWith(`/${name}`),
    )
    .flatMap(withGroupsBelow);

const groupsIn = (group: string): ReadonlyArray<string> => {
  try {
    return readdirSync(group, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(group, name));
  } catch {
    // It has gone meanwhile.
    return [];
  }
};

const withGroupsBelow = (group: string): ReadonlyArray<string> => [
  ...groupsIn(group).flatMap(withGroupsBelow),
  group,
];

/** The kernel lets a group go a moment after the last process in it has ended. */
export const removeControlGroups = (name: string): Promise<void> =>
  until("the control groups are gone", () => {
    for (const group of controlGroups(name)) remove(group);
    return controlGroups(name).length === 0;
  });

const remove = (group: string): void => {
  try {
    rmdirSync(group);
  } catch {
    // Somebody is still in it.
  }
};

/** The same for a shell, when the owner has died. */
export const REMOVE_CONTROL_GROUPS = `
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    find ${ROOT}/"$1" ${ROOT}/*/"$1" -depth -type d -exec rmdir {} + && break
  done
`;
