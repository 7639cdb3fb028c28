/**
 * What makes time pass: twenty times a second of the machine the market is played up to now, what
 * happened is kept and told, and when a new second of the market has begun its prices go out.
 */

import type { SessionClock } from "#runtime/clock.ts";
import { SECOND_MS } from "../prices/path.ts";
import type { Hall } from "./endpoint.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";
import type { Sockets } from "./sockets.ts";

export type PumpDeps = {
  readonly clock: SessionClock;
  readonly hall: Hall;
  readonly hub: Hub;
  readonly flush: () => void;
  readonly session: Pick<Session, "keepTime">;
  readonly sockets: Pick<Sockets, "dropSilent">;
};

const PERIOD_MACHINE_MS = 50;

/** The answer stops it. */
export const startPump = (deps: PumpDeps): (() => void) => {
  const { clock, hall, hub, flush, session, sockets } = deps;
  const periodMs = PERIOD_MACHINE_MS * clock.speed;
  let pushedSecond = 0;
  let cancel = (): void => {};
  let stopped = false;

  const turn = (): void => {
    hall.engine.advance(clock.now());
    flush();
    const second = Math.floor(hall.engine.now() / SECOND_MS);
    if (second !== pushedSecond) {
      pushedSecond = second;
      hub.pushMarket();
      session.keepTime();
      sockets.dropSilent();
    }
    if (!stopped) cancel = clock.after(periodMs, turn);
  };
  cancel = clock.after(periodMs, turn);

  return () => {
    stopped = true;
    cancel();
  };
};
