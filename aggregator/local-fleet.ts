/**
 * The fleet of the local mode: the operator's folder of LiveStrategy objects.
 *
 *     DIR/livestrategies   written by the operator, read here
 *     DIR/patches          written here, read by the operator: what `kubectl patch` would send
 */

import { join } from "node:path";
import { z } from "zod";
import { millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { openObjectStore, type ObjectStore } from "#runtime/object-store.ts";
import type { Fleet, FleetList } from "./fleet.ts";
import { inOrder, readMember } from "./member.ts";

export const openLocalFleet = (folder: string): Fleet => {
  const strategies = openObjectStore(join(folder, "livestrategies"));
  const patches = openObjectStore(join(folder, "patches"));
  return {
    list: () => attempt("read the strategies", () => listStrategies(strategies)),
    resetKillSwitch: async (key, at) =>
      attempt("write the reset", () => {
        const asked = resetPatch.safeParse(patches.get(key));
        const before = asked.success ? Date.parse(asked.data.spec.killSwitch.resetAt) : 0;
        // A later reset that is already asked for covers this one.
        const resetAt = new Date(millis(Math.max(at, before))).toISOString();
        patches.put(key, {
          metadata: { namespace: key.namespace, name: key.name },
          spec: { killSwitch: { resetAt } },
        });
      }),
  };
};

const resetPatch = z.object({
  spec: z.object({ killSwitch: z.object({ resetAt: z.iso.datetime({ offset: true }) }) }),
});

/** A folder that cannot be read, or a full disk, is said and not thrown: the rest goes on. */
const attempt = <T>(what: string, act: () => T): Result<T, string> => {
  try {
    return ok(act());
  } catch (error) {
    return err(`cannot ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const listStrategies = (store: ObjectStore): FleetList => {
  const read = store.list().map(readMember);
  return {
    members: inOrder(read.flatMap((one) => (one.ok ? [one.value] : []))),
    problems: read.flatMap((one) => (one.ok ? [] : [one.error])),
  };
};
