/**
 * What is measured of hourly candles to say how restless a market is: deviation, fat tails, clusters
 * and correlation. The made-up prices are set beside the recorded ones by these (docs/emulator.md).
 */

export type Restlessness = {
  /** Of the logarithmic returns. */
  readonly deviation: number;
  /** 3 for a normal distribution. */
  readonly kurtosis: number;
  /** Correlation of absolute returns with themselves, so many candles later. */
  readonly clustering: (lag: number) => number;
};

export const returnsOf = (closes: ReadonlyArray<number>): ReadonlyArray<number> =>
  closes.slice(1).map((close, index) => Math.log(close / (closes[index] ?? close)));

export const measureRestlessness = (returns: ReadonlyArray<number>): Restlessness => {
  const centred = centre(returns);
  const variance = meanOf(centred.map((value) => value ** 2));
  const absolute = centre(returns.map(Math.abs));
  return {
    deviation: Math.sqrt(variance),
    kurtosis: meanOf(centred.map((value) => value ** 4)) / variance ** 2,
    clustering: (lag) =>
      sumOf(absolute.slice(lag).map((value, index) => value * (absolute[index] ?? 0))) /
      sumOf(absolute.map((value) => value ** 2)),
  };
};

export const correlationOf = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  const x = centre(a);
  const y = centre(b);
  const product = sumOf(x.map((value, index) => value * (y[index] ?? 0)));
  return product / Math.sqrt(sumOf(x.map((v) => v ** 2)) * sumOf(y.map((v) => v ** 2)));
};

const sumOf = (values: ReadonlyArray<number>): number =>
  values.reduce((sum, value) => sum + value, 0);

const meanOf = (values: ReadonlyArray<number>): number => sumOf(values) / values.length;

const centre = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const mean = meanOf(values);
  return values.map((value) => value - mean);
};
