/**
 * The executor's word held against the exchange's: its ledger against the emulator's books, and the
 * emulator's log against what must never be in one. Each answers with what is wrong, a phrase each.
 */

import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { AccountView } from "#exchange/emulator/engine/engine.ts";
import type { EngineEvent } from "#exchange/emulator/engine/events.ts";
import { toAuditEvent, type AuditEvent } from "#exchange/emulator/audit-events.ts";
import { auditLog } from "#exchange/emulator/audit.ts";

export const logOf = (events: ReadonlyArray<EngineEvent>): ReadonlyArray<AuditEvent> =>
  events.map((event, index) => toAuditEvent(event, index + 1));

/** Never naked, no id twice, and never more live entries than there are levels. */
export const crimes = (
  log: ReadonlyArray<AuditEvent>,
  levelsMax: number,
): ReadonlyArray<string> => {
  const { nakedIntervals, doubledClientIds } = auditLog(log);
  return [
    ...nakedIntervals.map(({ symbol, from, to }) => `${symbol} naked from ${from} to ${to}`),
    ...doubledClientIds.map(({ clientOid }) => `${clientOid} accepted twice`),
    ...crowdedEntries(log, levelsMax),
  ];
};

/** A level that is placed twice shows as one live entry too many, or as two at one price. */
const crowdedEntries = (
  log: ReadonlyArray<AuditEvent>,
  levelsMax: number,
): ReadonlyArray<string> => {
  const live = new Map<string, string>();
  const found: string[] = [];
  for (const event of log) {
    if (event.kind === "OrderAccepted" && !event.reduceOnly) {
      const place = `${event.symbol} ${event.side}`;
      const limits = [...live.values()].filter((other) => other.startsWith(place));
      if (limits.length >= levelsMax) found.push(`${place}: more than ${levelsMax} entries rest`);
      if (limits.includes(`${place} ${event.limit}`)) {
        found.push(`${place}: two entries rest at ${event.limit}`);
      }
      live.set(event.orderId, `${place} ${event.limit}`);
    } else if (event.kind === "OrderFilled" || event.kind === "OrderCanceled") {
      live.delete(event.orderId);
    }
  }
  return found;
};

/** What the ledger and the positions of a status have other than the exchange's own books. */
export const ledgerDifferences = (
  { ledger, symbols }: ExecutorStatus,
  account: AccountView,
): ReadonlyArray<string> => {
  const pairs = [
    ["fills", String(ledger.fills), String(account.fillCount)],
    ["realized", ledger.realizedPnl, account.realised.toFixed()],
    ["fees", ledger.fees, account.fees.toFixed()],
    ["wallet", ledger.wallet ?? "unknown", account.wallet.toFixed()],
    ["positions", heldBy(symbols), bookedOn(account)],
  ] as const;
  return pairs
    .filter(([, ours, theirs]) => ours !== theirs)
    .map(([what, ours, theirs]) => `${what}: ledger ${ours}, books ${theirs}`);
};

const heldBy = (symbols: ExecutorStatus["symbols"]): string =>
  symbols
    .flatMap(({ symbol, cycle }) =>
      cycle === null ? [] : [`${symbol.replace(/\/(\w+):\w+$/, "$1")} ${cycle.side} ${cycle.size}`],
    )
    .toSorted()
    .join(", ");

const bookedOn = ({ positions }: AccountView): string =>
  [...positions.values()]
    .map(({ symbol, side, size }) => `${symbol} ${side} ${size.toFixed()}`)
    .toSorted()
    .join(", ");
