/**
 * The executors' ledgers held against the emulator's own books, to the last decimal.
 *
 * Two witnesses that share no code beyond decimals: the ledger adds up the fills that the executor
 * was told of; the books are what the exchange did. Pure.
 */

import { Big } from "big.js";
import { z } from "zod";
import type { ExecutorStatus } from "#crds/executor-status.ts";

const decimal = z.string();

export const emulatorBooks = z.object({
  accounts: z.array(
    z.object({
      uid: z.string(),
      wallet: decimal,
      realised: decimal,
      fees: decimal,
      fillCount: z.int(),
      positions: z.array(
        z.object({ symbol: z.string(), holdSide: z.enum(["long", "short"]), total: decimal }),
      ),
    }),
  ),
});

export type EmulatorBooks = z.infer<typeof emulatorBooks>;

export type LedgerCheck = {
  readonly strategy: string;
  readonly equal: boolean;
  readonly wallet: string | null;
  readonly realizedPnl: string;
  readonly fees: string;
  readonly fills: number;
  /** What differs, a phrase each. */
  readonly differences: ReadonlyArray<string>;
};

export const checkLedger = (status: ExecutorStatus, books: EmulatorBooks): LedgerCheck => {
  const { ledger, strategy } = status;
  const account = books.accounts.find(({ uid }) => uid === status.account.uid);
  const differences =
    account === undefined
      ? [`the emulator has no account ${status.account.uid ?? "(unknown)"}`]
      : [
          ...differ("wallet", ledger.wallet ?? "unknown", account.wallet),
          ...differ("realized", ledger.realizedPnl, account.realised),
          ...differ("fees", ledger.fees, account.fees),
          ...differ("fills", String(ledger.fills), String(account.fillCount)),
          ...positionsOf(status, account.positions),
        ];
  const { wallet, realizedPnl, fees, fills } = ledger;
  return {
    strategy,
    equal: differences.length === 0,
    wallet,
    realizedPnl,
    fees,
    fills,
    differences,
  };
};

const differ = (what: string, ours: string, theirs: string): ReadonlyArray<string> => {
  const isEqual = ours === theirs || (isDecimal(ours) && new Big(ours).eq(theirs));
  return isEqual ? [] : [`${what}: ledger ${ours}, books ${theirs}`];
};

const isDecimal = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);

const positionsOf = (
  { symbols }: ExecutorStatus,
  positions: EmulatorBooks["accounts"][number]["positions"],
): ReadonlyArray<string> => {
  const ours = new Map(
    symbols.flatMap(({ symbol, cycle }) =>
      cycle === null ? [] : [[contractOf(symbol), `${cycle.side} ${cycle.size}`] as const],
    ),
  );
  const theirs = new Map(
    positions.map(({ symbol, holdSide, total }) => [symbol, `${holdSide} ${total}`] as const),
  );
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((symbol) => {
    const [a, b] = [ours.get(symbol) ?? "flat", theirs.get(symbol) ?? "flat"];
    return a === b ? [] : [`${symbol}: ledger ${a}, books ${b}`];
  });
};

const contractOf = (symbol: string): string => symbol.replace(/\/(\w+):\w+$/, "$1");
