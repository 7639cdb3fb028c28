/** Every symbol of every executor, and in words why it does not trade now. */

import type { StrategyView, SymbolView } from "#aggregator/api.ts";
import * as format from "../format.ts";
import { Ago, Result, Section, Status, TableFrame } from "./figures.tsx";

type Row = { readonly strategy: StrategyView; readonly symbol: SymbolView };

export const Markets = ({ strategies }: { readonly strategies: ReadonlyArray<StrategyView> }) => {
  const rows = strategies.flatMap((strategy): ReadonlyArray<Row> =>
    (strategy.executor?.status?.symbols ?? []).map((symbol) => ({ strategy, symbol })),
  );
  if (rows.length === 0) return null;
  return (
    <Section title="Markets" note="what each symbol does, and why not">
      <TableFrame label="Markets" kind="markets">
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col">Strategy</th>
            <th scope="col">Now</th>
            <th scope="col" class="right">
              Price
            </th>
            <th scope="col" class="right">
              Realised
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Market key={`${row.strategy.key} ${row.symbol.symbol}`} {...row} />
          ))}
        </tbody>
      </TableFrame>
    </Section>
  );
};

const Market = ({ strategy, symbol }: Row) => (
  <tr class={strategy.executor?.freshness === "Live" ? "" : "old"}>
    <th scope="row" class="what">
      {format.pairOf(symbol.symbol)}
    </th>
    <td class="who">{strategy.display}</td>
    <td class="sentence">
      <Doing symbol={symbol} />
    </td>
    <td class="right price">
      {symbol.price === null || symbol.priceAt === null ? (
        <span class="unknown">no price yet</span>
      ) : (
        <>
          <span class="number">{format.price(symbol.price)}</span>{" "}
          <span class="faint small number">
            <Ago at={symbol.priceAt} />
          </span>
        </>
      )}
    </td>
    <td class="right result-cell">
      <Result amount={symbol.realizedPnl} />
    </td>
  </tr>
);

const Doing = ({ symbol }: { readonly symbol: SymbolView }) => {
  const { cycle, resting, blocked, settingsPending } = symbol;
  return (
    <>
      <Activity cycle={cycle} resting={resting.length} blocked={blocked !== null} />
      {blocked !== null && (
        <>
          {" "}
          <Status tone="warn">{format.words(blocked.reason)}</Status>{" "}
          <span class="faint">{blocked.detail}</span>
        </>
      )}
      {settingsPending && <span class="faint"> New settings wait until it is flat.</span>}
    </>
  );
};

type ActivityProps = {
  readonly cycle: SymbolView["cycle"];
  readonly resting: number;
  readonly blocked: boolean;
};

const Activity = ({ cycle, resting, blocked }: ActivityProps) => {
  if (cycle !== null) {
    return (
      <Status tone="good">
        {cycle.side}, {cycle.levels.length} of {cycle.levelsMax} levels
        {resting > 0 && `, ${resting} resting`}
      </Status>
    );
  }
  if (resting > 0) return <Status tone="info">{format.count(resting, "order")} resting</Status>;
  return blocked ? null : <Status tone="quiet">waits for a signal</Status>;
};
