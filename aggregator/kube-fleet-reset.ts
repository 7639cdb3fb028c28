/**
 * The reset of a kill switch, written to `spec.killSwitch.resetAt` as `kubectl patch` would.
 *
 * The field is a level: it is only ever moved on, so a reset that comes late undoes no later one, and
 * one that is asked for twice is written once. The write is guarded by the uid of the strategy that
 * the asker saw, and by the version that was looked at. A conflict means that somebody has written in
 * between and that nothing was done: it is looked at anew, a few times.
 */

import { z } from "zod";
import type { Clock, Millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { ApiError, KubeApi } from "#kubernetes/api.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import { fleetKeyText, type ResetTarget } from "./fleet.ts";
import { whyNotReset } from "./kube-fleet-words.ts";

export type ResetDeps = {
  readonly api: Pick<KubeApi, "get" | "patchMerge">;
  readonly clock: Pick<Clock, "now">;
};

const FIELD_MANAGER = "scalp-aggregator";
/** The operator writes a status now and then; it does not do so three times in a row. */
const LOOKS_MAX = 3;

export const resetKillSwitch = async (
  { api, clock }: ResetDeps,
  target: ResetTarget,
  at: Millis,
): Promise<Result<void, string>> => {
  const strategy = fleetKeyText(target);
  const address = { namespace: target.namespace, name: target.name };
  for (let looks = 1; ; looks += 1) {
    const found = await api.get(liveStrategies, address);
    if (!found.ok) return err(whyNotReset(found.error, strategy));
    const decision = decideWrite(found.value, { target, at, now: clock.now() });
    if (!decision.ok) return decision;
    if (decision.value === undefined) return ok(undefined);
    const written = await api.patchMerge(liveStrategies, address, decision.value, {
      fieldManager: FIELD_MANAGER,
    });
    if (written.ok) return ok(undefined);
    if (!isOutrun(written.error) || looks === LOOKS_MAX) {
      return err(whyNotReset(written.error, strategy));
    }
  }
};

/** To a patch a uid that is no more is a field that cannot be changed. */
const isOutrun = ({ kind }: ApiError): boolean => kind === "Conflict" || kind === "Invalid";

type Asked = { readonly target: ResetTarget; readonly at: Millis; readonly now: Millis };
type Patch = Readonly<Record<string, unknown>>;

/** The merge patch that is to be written, nothing where it would change nothing, or why neither. */
const decideWrite = (
  { metadata, ...object }: KubeObject,
  { target, at, now }: Asked,
): Result<Patch | undefined, string> => {
  const strategy = fleetKeyText(target);
  const { uid, resourceVersion } = metadata;
  if (uid !== target.uid) {
    return err(`${strategy} was deleted and made anew: look before you reset`);
  }
  const written = resetAtIn(object);
  const before = written === undefined ? -Infinity : Date.parse(written);
  // What we ask for may be just ahead of our clock, by an executor's that is ahead of it.
  if (Number.isNaN(before) || before > Math.max(at, now)) {
    return err(
      `spec.killSwitch.resetAt of ${strategy} is ${written}, which is not over yet, and a reset is never moved back: change it where the manifest is kept`,
    );
  }
  if (before >= at) return ok(undefined);
  const resetAt = new Date(at).toISOString();
  return ok({ metadata: { uid, resourceVersion }, spec: { killSwitch: { resetAt } } });
};

const withReset = z.object({
  spec: z.object({ killSwitch: z.object({ resetAt: z.string() }) }),
});

const resetAtIn = (object: unknown): string | undefined =>
  withReset.safeParse(object).data?.spec.killSwitch.resetAt;
