/**
 * What `scalp up` says: a table and news on stderr for people, one JSON object a line on stdout for
 * programs. Off a terminal nothing is redrawn: one line per event.
 */

import { styleText } from "node:util";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { LedgerCheck } from "./books.ts";
import type { News } from "./news.ts";

export type Output = {
  /** A step of setting up, done or under way. */
  readonly step: (name: string, text: string) => void;
  readonly line: (text: string) => void;
  readonly news: (news: News) => void;
  /** Something about a strategy that somebody should look at. */
  readonly warning: (strategy: string, note: string) => void;
  readonly strategies: (strategies: ReadonlyArray<LiveStrategy>) => void;
  readonly ledger: (check: LedgerCheck) => void;
  /** For programs only. */
  readonly event: (event: Readonly<Record<string, unknown>>) => void;
};

export type OutputOptions = {
  readonly json: boolean;
  readonly stdout: { readonly write: (text: string) => unknown };
  readonly stderr: { readonly write: (text: string) => unknown };
};

const STEP_WIDTH = 12;

export const createOutput = ({ json, stdout, stderr }: OutputOptions): Output => {
  const say = (text: string) => void stderr.write(`${text}\n`);
  const emit = (event: object) => void (json && stdout.write(`${JSON.stringify(event)}\n`));
  let table = "";
  return {
    step: (name, text) => say(`  ${styleText("green", "✓")} ${name.padEnd(STEP_WIDTH)} ${text}`),
    line: say,
    news: (news) => {
      say(`  ${clockText(timeOf(news))}  ${newsText(news)}`);
      emit(news);
    },
    warning: (strategy, note) => {
      say(`  ${styleText("yellow", "!")} ${strategy}: ${note}`);
      emit({ event: "warning", strategy, note });
    },
    strategies: (strategies) => {
      const next = tableOf(strategies);
      if (next === table) return;
      table = next;
      say(`\n${next}\n`);
      emit({ event: "strategies", strategies: strategies.map(strategyEvent) });
    },
    ledger: (check) => {
      const words = check.equal
        ? `equals the emulator's books: wallet ${check.wallet}, ${check.fills} fills`
        : `DIFFERS from the emulator's books: ${check.differences.join("; ")}`;
      say(
        `  ${styleText(check.equal ? "green" : "red", check.equal ? "✓" : "✗")} ledger       ${check.strategy} ${words}`,
      );
      emit({ event: "ledger", ...check });
    },
    event: emit,
  };
};

const timeOf = (news: News): number => (news.event === "cycle-closed" ? news.closedAt : news.at);

const clockText = (at: number): string => new Date(at).toISOString().slice(11, 19);

export const newsText = (news: News): string => {
  switch (news.event) {
    case "level-filled":
      return `${news.strategy}  ${short(news.symbol)} level ${news.level + 1} filled: ${news.side} ${news.size} at ${news.price}`;
    case "stop-confirmed":
      return `${news.strategy}  ${short(news.symbol)} stop ${news.trigger} is on the exchange`;
    case "cycle-closed":
      return `${news.strategy}  ${short(news.symbol)} cycle closed (${news.reason}): net ${news.netPnl ?? "unknown"} USDT after ${news.levels} levels`;
    case "kill-switch":
      return news.engaged
        ? `${news.strategy}  KILL SWITCH: ${news.reason ?? ""}`
        : `${news.strategy}  kill switch reset`;
  }
};

const short = (symbol: string): string => symbol.replace(/\/.*$/, "");

const columns = [
  "STRATEGY",
  "KIND",
  "SYMBOLS",
  "MODE",
  "READY",
  "STATUS",
  "POSITION",
  "NET-DAY",
  "DRAWDOWN",
];

/** The columns of `kubectl get livestrategies`. */
export const tableOf = (strategies: ReadonlyArray<LiveStrategy>): string => {
  const rows = [columns, ...strategies.map(rowOf)];
  const widths = columns.map((_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? "").length)),
  );
  return rows
    .map((row) =>
      `  ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ")}`.trimEnd(),
    )
    .join("\n");
};

const rowOf = (strategy: LiveStrategy): ReadonlyArray<string> => {
  const { metadata, spec, status } = strategy;
  const {
    symbols = "",
    mode = "",
    position = "",
    netProfitDay = "",
    drawdown = "",
  } = status?.summary ?? {};
  const { ready, reason } = readyOf(strategy);
  return [
    metadata.name,
    spec.strategy.kind,
    symbols,
    mode,
    ready,
    reason,
    position,
    netProfitDay,
    drawdown,
  ];
};

const readyOf = ({ status }: LiveStrategy) => {
  const found = status?.conditions?.find(({ type }) => type === "Ready");
  return {
    ready: found?.status ?? "Unknown",
    reason: found?.reason ?? "",
    message: found?.message ?? "",
  };
};

export const strategyEvent = (strategy: LiveStrategy) => ({
  namespace: strategy.metadata.namespace,
  name: strategy.metadata.name,
  kind: strategy.spec.strategy.kind,
  ...readyOf(strategy),
  summary: strategy.status?.summary ?? {},
  executorUrl: strategy.status?.executor?.url ?? null,
});
