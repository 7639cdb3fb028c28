/** What is over: closed cycles, and orders newest first. */

import type { ClosedCycleView, OrderView, StrategyView } from "#aggregator/api.ts";
import * as format from "../format.ts";
import { At, Result, Section, Status, TableFrame, Unknown, type Tone } from "./figures.tsx";

const CYCLES_SHOWN = 20;

type ClosedRow = { readonly strategy: StrategyView; readonly cycle: ClosedCycleView };

export const ClosedCycles = ({
  strategies,
}: {
  readonly strategies: ReadonlyArray<StrategyView>;
}) => {
  const rows = strategies
    .flatMap((strategy): ReadonlyArray<ClosedRow> =>
      (strategy.executor?.status?.closedCycles ?? []).map((cycle) => ({ strategy, cycle })),
    )
    .toSorted((a, b) => b.cycle.closedAt - a.cycle.closedAt)
    .slice(0, CYCLES_SHOWN);
  return (
    <Section title="Closed cycles">
      {rows.length === 0 ? (
        <p class="panel empty">No cycle has been closed yet.</p>
      ) : (
        <TableFrame label="Closed cycles" kind="closed">
          <thead>
            <tr>
              <th scope="col">Closed</th>
              <th scope="col">Symbol</th>
              <th scope="col">Strategy</th>
              <th scope="col" class="right">
                Entry → exit
              </th>
              <th scope="col" class="right">
                Net
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Closed
                key={`${row.strategy.key} ${row.cycle.symbol} ${row.cycle.closedAt}`}
                {...row}
              />
            ))}
          </tbody>
        </TableFrame>
      )}
    </Section>
  );
};

const Closed = ({ strategy, cycle }: ClosedRow) => (
  <tr>
    <td class="when">
      <At at={cycle.closedAt} />
    </td>
    <th scope="row" class="what">
      {format.pairOf(cycle.symbol)}{" "}
      <span class="faint">
        {cycle.side}, {format.count(cycle.levels, "level")}, {format.cause(cycle.reason)}
      </span>
    </th>
    <td class="who">{strategy.display}</td>
    <td class="number right price">
      {format.price(cycle.averageEntry)} →{" "}
      {cycle.averageExit === null ? "?" : format.price(cycle.averageExit)}
    </td>
    <td class="right result-cell">
      {cycle.netPnl === null ? (
        <Unknown reason="the closing trades could not be found" />
      ) : (
        <Result amount={cycle.netPnl} />
      )}
    </td>
  </tr>
);

export const Orders = ({ orders }: { readonly orders: ReadonlyArray<OrderView> }) => (
  <Section title="Orders" note="newest first">
    {orders.length === 0 ? (
      <p class="panel empty">No order has been sent yet.</p>
    ) : (
      <TableFrame label="Orders" kind="orders">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Order</th>
            <th scope="col">Strategy</th>
            <th scope="col" class="right">
              Price
            </th>
            <th scope="col" class="right">
              Filled / size
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((each) => (
            <OrderRow key={each.order.clientOrderId + each.strategyKey} {...each} />
          ))}
        </tbody>
      </TableFrame>
    )}
  </Section>
);

const OrderRow = ({ order, display }: OrderView) => {
  const shownPrice = order.averagePrice ?? order.limit;
  return (
    <tr>
      <td class="when">
        <At at={order.at} />
      </td>
      <th scope="row" class="what">
        <span aria-hidden="true">{order.side === "buy" ? "\u25b2" : "\u25bc"}</span> {order.side}{" "}
        {format.pairOf(order.symbol)}{" "}
        <span class="faint">
          {format.cause(order.kind)}
          {order.level !== null && ` ${order.level + 1}`}
        </span>
      </th>
      <td class="who">{display}</td>
      <td class="number right price">
        {shownPrice === null ? "market" : format.price(shownPrice)}
      </td>
      <td class="number right size">
        {format.size(order.filled)} / {format.size(order.size)}
      </td>
      <td class="state">
        <Status tone={TONES[order.state] ?? "info"}>{order.state.toLowerCase()}</Status>
      </td>
    </tr>
  );
};

const TONES: Readonly<Record<string, Tone>> = {
  Filled: "good",
  Canceled: "quiet",
  Lost: "warn",
  Unknown: "warn",
  Rejected: "bad",
  Denied: "bad",
};
