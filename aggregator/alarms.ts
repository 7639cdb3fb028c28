/**
 * What a person must know now, as levels: an alarm is there while its cause is, and gone with it.
 *
 * Pure, so that the page, the metrics and the notifications speak of the same alarms. The order is
 * that of urgency: a position without a stop can lose money this second, a kill switch has already
 * stopped the loss.
 */

import type { AlarmView } from "./api.ts";
import { isLive } from "./fleet.ts";
import { openCycles, type FleetView, type Heard, type Strategy } from "./view.ts";

/** An executor that has just been started may take this long to its first answer. */
const START_GRACE_MS = 15_000;

export const alarmsOf = (view: FleetView): ReadonlyArray<AlarmView> => {
  const fleet = view.problems.map((message): AlarmView => ({
    ...nowhere,
    kind: "FleetUnknown",
    severity: "Warning",
    message,
  }));
  const alarms = [...view.strategies.flatMap(alarmsOfStrategy), ...fleet];
  return alarms.toSorted((a, b) => urgency(a) - urgency(b));
};

const nowhere = { strategy: null, symbol: null, since: null } as const;

const order: ReadonlyArray<AlarmView["kind"]> = [
  "PositionUnprotected",
  "KillSwitchEngaged",
  "ExecutorSilent",
  "ExchangeDisconnected",
  "NotReconciled",
  "FleetUnknown",
];

const urgency = ({ kind, severity }: AlarmView): number =>
  order.indexOf(kind) + (severity === "Critical" ? 0 : order.length);

const alarmsOfStrategy = (strategy: Strategy): ReadonlyArray<AlarmView> => {
  const { heard, freshness } = strategy;
  if (heard === undefined) return silence(strategy, undefined);
  return [
    ...unprotected(strategy, heard),
    ...killSwitch(strategy, heard),
    ...silence(strategy, heard),
    ...(freshness === "Live"
      ? [...disconnected(strategy, heard), ...recovering(strategy, heard)]
      : []),
  ];
};

const unprotected = ({ key, display }: Strategy, { status }: Heard): ReadonlyArray<AlarmView> => {
  const alarm = (symbol: string | null, what: string): AlarmView => ({
    kind: "PositionUnprotected",
    severity: "Critical",
    strategy: key,
    symbol,
    message: `${display}: the exchange has not confirmed a stop for ${what}.`,
    since: null,
  });
  const open = openCycles(status);
  const naked = open
    .filter(({ cycle }) => cycle.stop === null)
    .map(({ symbol, cycle }) =>
      alarm(symbol.symbol, `${cycle.side} ${cycle.size} ${symbol.symbol}`),
    );
  if (naked.length > 0 || status.protected) return naked;
  // The executor judges more than we can see, such as a stop that is too small. Before it has asked
  // the exchange it cannot say that it is protected; that is `NotReconciled` and not this.
  return status.reconciled || open.length > 0 ? [alarm(null, "every open position")] : [];
};

const killSwitch = (
  { key, display }: Strategy,
  {
    status: {
      killSwitch: { engaged, reason, trippedAt },
    },
  }: Heard,
): ReadonlyArray<AlarmView> =>
  engaged
    ? [
        {
          kind: "KillSwitchEngaged",
          severity: "Critical",
          strategy: key,
          symbol: null,
          message: `${display}: the kill switch is engaged${reason === null ? "" : `, ${reason}`}.`,
          since: trippedAt,
        },
      ]
    : [];

/** Silence matters when something may be at stake; a strategy that is off may well be silent. */
const silence = (strategy: Strategy, heard: Heard | undefined): ReadonlyArray<AlarmView> => {
  const { key, display, freshness, problem = "no fresh answer", member, knownForMs } = strategy;
  const open = heard === undefined ? 0 : openCycles(heard.status).length;
  const starting = heard === undefined && knownForMs < START_GRACE_MS;
  const expected = member.executorUrl !== undefined && !starting;
  if (freshness === "Live" || (!expected && open === 0)) return [];
  const atStake = open > 0 || (isLive(member) && freshness === "Offline");
  return [
    {
      kind: "ExecutorSilent",
      severity: atStake ? "Critical" : "Warning",
      strategy: key,
      symbol: null,
      message: `${display}: ${problem}.${lastReport(open)}`,
      since: heard === undefined ? null : heard.receivedAt,
    },
  ];
};

const lastReport = (open: number): string => {
  if (open === 0) return "";
  return ` It last reported ${open} open ${open === 1 ? "position" : "positions"}.`;
};

const disconnected = ({ key, display }: Strategy, { status }: Heard): ReadonlyArray<AlarmView> =>
  status.connected
    ? []
    : [
        {
          kind: "ExchangeDisconnected",
          severity: openCycles(status).length > 0 ? "Critical" : "Warning",
          strategy: key,
          symbol: null,
          message: `${display}: the executor is not connected to ${status.account.exchange}.`,
          since: null,
        },
      ];

const recovering = ({ key, display }: Strategy, { status }: Heard): ReadonlyArray<AlarmView> =>
  status.reconciled
    ? []
    : [
        {
          kind: "NotReconciled",
          severity: "Warning",
          strategy: key,
          symbol: null,
          message: `${display}: recovery is not over; the exchange is still being asked.`,
          since: status.startedAt,
        },
      ];
