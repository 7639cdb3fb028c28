/** A position on one line of prices: stop, levels, average, price, take-profit, in their places. */

import type { CycleView, SymbolView } from "#aggregator/api.ts";
import * as format from "../format.ts";

type Mark = {
  readonly kind: "stop" | "filled" | "resting" | "average" | "price" | "profit";
  readonly at: number;
  readonly text: string;
};

export const Ladder = ({
  symbol,
  cycle,
}: {
  readonly symbol: SymbolView;
  readonly cycle: CycleView;
}) => {
  const marks = marksOf(symbol, cycle);
  const prices = marks.map(({ at }) => at);
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  if (!(high > low)) return null;
  const place = (at: number): string => `${(((at - low) / (high - low)) * 100).toFixed(2)}%`;
  return (
    <div class="ladder" role="img" aria-label={describe(marks)}>
      <div class="rail" />
      {marks.map(({ kind, at, text }) => (
        <span
          key={`${kind} ${text}`}
          class={`mark ${kind}`}
          style={{ left: place(at) }}
          title={text}
        />
      ))}
    </div>
  );
};

/** The price last, so that it is drawn over the others. */
const marksOf = ({ price, resting }: SymbolView, cycle: CycleView): ReadonlyArray<Mark> => {
  const mark = (kind: Mark["kind"], word: string, at: string): Mark => ({
    kind,
    at: Number(at),
    text: `${word} ${format.price(at)}`,
  });
  return [
    ...(cycle.stop === null ? [] : [mark("stop", "stop", cycle.stop.trigger)]),
    ...resting.map((order) => mark("resting", `level ${order.level + 1} resting`, order.price)),
    ...cycle.levels.map((level) => mark("filled", `level ${level.level + 1} filled`, level.price)),
    mark("average", "average", cycle.averagePrice),
    ...(cycle.takeProfit === null ? [] : [mark("profit", "take-profit", cycle.takeProfit.trigger)]),
    ...(price === null ? [] : [mark("price", "price", price)]),
  ];
};

const describe = (marks: ReadonlyArray<Mark>): string =>
  marks
    .toSorted((a, b) => a.at - b.at)
    .map(({ text }) => text)
    .join(", ");
