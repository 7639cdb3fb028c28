/** What needs a person, most urgent first. The same causes are alarms in the API and in Prometheus. */

import { computed } from "@preact/signals";
import type { AlarmView } from "#aggregator/api.ts";
import * as format from "../format.ts";
import { link, mayAct, resetting, snapshot, ticks } from "../state.ts";
import { Ago, Since } from "./figures.tsx";

export const Alarms = () => (
  <div class="alarms">
    <p class="visually-hidden" role="alert">
      {spoken.value}
    </p>
    <LinkLost />
    {snapshot.value?.alarms.map((alarm) => (
      <Alarm key={`${alarm.kind} ${alarm.strategy} ${alarm.symbol}`} alarm={alarm} />
    ))}
  </div>
);

/** Read out when an alarm comes or goes; the durations on the screen would be read every second. */
const spoken = computed(() =>
  [
    ...(link.value.kind === "Lost" ? ["Not connected to the aggregator."] : []),
    ...(snapshot.value?.alarms ?? []).map(({ message }) => message),
  ].join(" "),
);

const TITLES: Readonly<Record<AlarmView["kind"], string>> = {
  PositionUnprotected: "Position without a confirmed stop",
  KillSwitchEngaged: "Kill switch engaged",
  ExecutorSilent: "Executor does not answer",
  ExchangeDisconnected: "Not connected to the exchange",
  NotReconciled: "Recovering",
  FleetUnknown: "Strategies not readable",
};

const Alarm = ({ alarm }: { readonly alarm: AlarmView }) => {
  const { kind, severity, strategy, message, since } = alarm;
  const critical = severity === "Critical";
  return (
    <div class={`alarm ${critical ? "bad" : "warn"}`} data-alarm={kind}>
      <p>
        <strong>
          <span aria-hidden="true">{critical ? "\u25a0" : "\u25b2"}</span> {TITLES[kind]}
        </strong>{" "}
        <span>{message}</span>{" "}
        {since !== null && <span class="faint">{sinceWhen(kind, since)}</span>}
      </p>
      {kind === "KillSwitchEngaged" && strategy !== null && (
        <button
          type="button"
          class="danger"
          disabled={!mayAct.value}
          onClick={() => {
            resetting.value = strategy;
          }}
        >
          Reset …
        </button>
      )}
    </div>
  );
};

/** Silence is measured on the reader's watch, everything else in the time of the market. */
const sinceWhen = (kind: AlarmView["kind"], since: number) =>
  kind === "ExecutorSilent" ? (
    <>
      Its last word came <Ago at={since} />.
    </>
  ) : (
    <>
      For <Since at={since} />.
    </>
  );

const LinkLost = () => {
  const current = link.value;
  if (current.kind !== "Lost") return null;
  return (
    <div class="alarm bad" data-alarm="LinkLost">
      <p>
        <strong>
          <span aria-hidden="true">{"\u25a0"}</span> Not connected to the aggregator
        </strong>{" "}
        <span>
          For {format.duration(ticks.value - current.since)}: {current.reason}. Everything below is
          old; executors and their stops go on without this page.
        </span>
      </p>
    </div>
  );
};
