/** An open position: what it is, what protects it, and the levels that it was built of. */

import type { ComponentChildren } from "preact";
import type { CycleView, StrategyView, SymbolView } from "#aggregator/api.ts";
import * as format from "../format.ts";
import { Ago, At, Result, Since, Status, Unknown } from "./figures.tsx";
import { Ladder } from "./ladder.tsx";

type PositionProps = {
  readonly strategy: StrategyView;
  readonly symbol: SymbolView;
  readonly cycle: CycleView;
};

export const Position = ({ strategy, symbol, cycle }: PositionProps) => {
  const old = strategy.executor?.freshness !== "Live";
  return (
    <article
      class={`panel position ${old ? "old" : ""}`}
      aria-label={`${cycle.side} ${symbol.symbol} of ${strategy.display}`}
      data-position={symbol.symbol}
    >
      <header>
        <div>
          <h3>{format.pairOf(symbol.symbol)}</h3>
          <p class="facts">
            <span>
              <span class={`side ${cycle.side}`}>
                <span aria-hidden="true">{cycle.side === "long" ? "\u25b2" : "\u25bc"}</span>{" "}
                {cycle.side}
              </span>{" "}
              {cycle.leverage}× · {strategy.display} · {cycle.levels.length}/{cycle.levelsMax}{" "}
              levels
              {cycle.adopted && " · adopted"}
              {cycle.closing !== null && ` · closing, ${format.cause(cycle.closing)}`}
            </span>
          </p>
        </div>
        <div class="result">
          {cycle.unrealizedPnl === null ? (
            <Unknown reason="there is no price" />
          ) : (
            <>
              <Result amount={cycle.unrealizedPnl} unit={format.quoteOf(symbol.symbol)} />
              <span class="faint number">{ofMargin(cycle)}</span>
            </>
          )}
        </div>
      </header>
      <div class="position-body">
        <div>
          <Ladder symbol={symbol} cycle={cycle} />
          <Protection symbol={symbol} cycle={cycle} />
          <Facts symbol={symbol} cycle={cycle} />
        </div>
        <Levels symbol={symbol} cycle={cycle} />
      </div>
    </article>
  );
};

const ofMargin = ({ unrealizedPnl, margin }: CycleView): string =>
  unrealizedPnl === null || Number(margin) === 0
    ? ""
    : `${format.signedPercent((Number(unrealizedPnl) / Number(margin)) * 100)} of margin`;

type CycleProps = { readonly symbol: SymbolView; readonly cycle: CycleView };

/** The first thing to know of a position is what happens when the price goes the wrong way. */
const Protection = ({ symbol, cycle }: CycleProps) => (
  <ul class="protection">
    {cycle.stop === null ? (
      <li class="unprotected" data-stop="missing">
        <strong>
          <span aria-hidden="true">{"\u25a0"}</span> Stop NOT CONFIRMED
        </strong>{" "}
        The exchange has not shown a stop that covers this position.
      </li>
    ) : (
      <li data-stop="confirmed">
        <Status tone="good">Stop</Status>{" "}
        <span class="number">{format.price(cycle.stop.trigger)}</span>{" "}
        <Distance target={cycle.stop.trigger} price={symbol.price} />{" "}
        <span class="faint">
          confirmed <Ago at={cycle.stop.confirmedAt} />
        </span>
      </li>
    )}
    <li>
      <Status tone="info">Take-profit</Status>{" "}
      {cycle.takeProfit === null ? (
        <span class="faint">none on the exchange; the strategy decides at each close</span>
      ) : (
        <>
          <span class="number">{format.price(cycle.takeProfit.trigger)}</span>{" "}
          <Distance target={cycle.takeProfit.trigger} price={symbol.price} />
        </>
      )}
    </li>
  </ul>
);

const Distance = ({ target, price }: { readonly target: string; readonly price: string | null }) =>
  price === null || Number(price) === 0 ? null : (
    <span class="faint number">
      {format.signedPercent(((Number(target) - Number(price)) / Number(price)) * 100)}
    </span>
  );

const Facts = ({ symbol, cycle }: CycleProps) => (
  <dl class="figures wide">
    <Fact label="Average">{format.price(cycle.averagePrice)}</Fact>
    <Fact label="Price">
      {symbol.price === null ? (
        <Unknown reason="no price has come yet" />
      ) : (
        format.price(symbol.price)
      )}
    </Fact>
    <Fact label="Size">
      {format.size(cycle.size)} <span class="unit">{format.baseOf(symbol.symbol)}</span>
    </Fact>
    <Fact label="Margin">{format.money(cycle.margin)}</Fact>
    <Fact label="Open for">
      <Since at={cycle.openedAt} />
    </Fact>
  </dl>
);

const Fact = ({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) => (
  <div>
    <dt>{label}</dt>
    <dd class="number">{children}</dd>
  </div>
);

/** Filled ones first, in the order of their level; then what rests. */
const Levels = ({ symbol, cycle }: CycleProps) => (
  <table class="levels">
    <caption class="visually-hidden">Levels of {symbol.symbol}</caption>
    <thead>
      <tr>
        <th scope="col">Level</th>
        <th scope="col">State</th>
        <th scope="col" class="right">
          Price
        </th>
        <th scope="col" class="right">
          Size
        </th>
        <th scope="col" class="right">
          Time
        </th>
      </tr>
    </thead>
    <tbody>
      {cycle.levels.map((level) => (
        <tr key={`filled ${level.level}`}>
          <td class="number">{level.level + 1}</td>
          <td>
            <Status tone="good">filled</Status>
          </td>
          <td class="number right">{format.price(level.price)}</td>
          <td class="number right">{format.size(level.size)}</td>
          <td class="right">
            <At at={level.filledAt} />
          </td>
        </tr>
      ))}
      {symbol.resting.map((order) => (
        <tr key={order.clientOrderId}>
          <td class="number">{order.level + 1}</td>
          <td>
            <Status tone={order.state === "Unknown" ? "warn" : "info"}>
              {order.state === "Open" ? "resting" : order.state.toLowerCase()}
            </Status>
          </td>
          <td class="number right">{format.price(order.price)}</td>
          <td class="number right">{format.size(order.size)}</td>
          <td class="right faint">{format.NOTHING}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
