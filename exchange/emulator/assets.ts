/**
 * The contracts that the emulator knows by heart: how fine their prices and sizes are, and how they
 * move when the prices are made up.
 *
 * The numbers of the exchange (places, leverage) are of the size of the real ones, not a copy of a
 * given day. Deviation and share are of hourly returns: BTC, ETH, SOL and XRP as measured on the
 * recorded candles (docs/emulator.md), the others set beside them by their kind.
 */

export type Asset = {
  readonly base: string;
  /** Where the made-up price begins, in quote currency. */
  readonly price: number;
  readonly pricePlace: number;
  readonly volumePlace: number;
  readonly maxLeverage: number;
  /** Deviation of the return of one hour. */
  readonly hourlyDeviation: number;
  /** Share of its variance that it has in common with all others. */
  readonly commonShare: number;
  /** Quote currency that trades in an average hour. */
  readonly hourlyTurnover: number;
};

type AssetRow = readonly [
  base: string,
  price: number,
  pricePlace: number,
  volumePlace: number,
  maxLeverage: number,
  hourlyDeviation: number,
  commonShare: number,
  hourlyTurnover: number,
];

const rows: ReadonlyArray<AssetRow> = [
  ["BTC", 61_200, 1, 4, 125, 0.0071, 0.85, 600e6],
  ["ETH", 3_050, 2, 2, 100, 0.0089, 0.9, 270e6],
  ["SOL", 142, 3, 1, 75, 0.0123, 0.62, 50e6],
  ["XRP", 0.612, 4, 0, 75, 0.0101, 0.6, 32e6],
  ["BNB", 571, 2, 2, 75, 0.0085, 0.7, 30e6],
  ["DOGE", 0.1523, 5, 0, 75, 0.0118, 0.66, 40e6],
  ["ADA", 0.4612, 4, 0, 75, 0.0105, 0.68, 15e6],
  ["LINK", 14.21, 3, 1, 75, 0.0114, 0.68, 12e6],
  ["AVAX", 27.4, 3, 1, 75, 0.0121, 0.68, 12e6],
  ["BCH", 372, 2, 2, 75, 0.0108, 0.62, 8e6],
  ["AAVE", 96.4, 2, 1, 75, 0.0126, 0.62, 6e6],
  ["CRV", 0.3214, 4, 0, 50, 0.0142, 0.58, 4e6],
  ["DYDX", 1.132, 4, 1, 50, 0.0139, 0.6, 4e6],
  ["FET", 1.441, 4, 0, 50, 0.0148, 0.56, 5e6],
  ["NEAR", 5.12, 4, 1, 75, 0.0134, 0.62, 6e6],
  ["UNI", 7.83, 3, 1, 75, 0.0122, 0.62, 5e6],
  ["ICP", 9.14, 3, 1, 50, 0.0127, 0.6, 3e6],
  ["GALA", 0.02341, 6, 0, 50, 0.0141, 0.6, 3e6],
  ["ARB", 0.8123, 4, 1, 75, 0.0131, 0.64, 6e6],
  ["OP", 1.712, 4, 1, 75, 0.0136, 0.64, 6e6],
];

export const assets: ReadonlyArray<Asset> = rows.map(
  ([base, price, pricePlace, volumePlace, maxLeverage, deviation, share, turnover]) => ({
    base,
    price,
    pricePlace,
    volumePlace,
    maxLeverage,
    hourlyDeviation: deviation,
    commonShare: share,
    hourlyTurnover: turnover,
  }),
);
