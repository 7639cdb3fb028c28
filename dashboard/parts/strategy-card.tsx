/** One strategy at a glance: does it trade, what has it earned, how near is its kill switch. */

import type { ExecutorView, StrategyView } from "#aggregator/api.ts";
import * as format from "../format.ts";
import { mayAct, resetting } from "../state.ts";
import {
  Ago,
  EnvironmentBadge,
  Meter,
  ModeBadge,
  Money,
  Result,
  Status,
  type Tone,
} from "./figures.tsx";

export const StrategyCard = ({ strategy }: { readonly strategy: StrategyView }) => {
  const { display, kind, mode, environment, timeframe, leverage, symbols, executor } = strategy;
  const facts = [
    kind,
    format.count(symbols.length, "symbol"),
    timeframe,
    leverage && `${leverage}×`,
  ];
  const old = executor !== null && executor.freshness !== "Live";
  return (
    <article
      class={`panel card ${old ? "old" : ""}`}
      aria-label={display}
      data-strategy={strategy.key}
    >
      <header>
        <h3>{display}</h3>
        <span class="badges">
          <ModeBadge mode={mode} />
          {mode !== "Paper" && <EnvironmentBadge environment={environment} />}
        </span>
      </header>
      <p>
        <StrategyStatus strategy={strategy} />
        <br />
        <span class="faint small">{facts.filter(Boolean).join(" · ")}</span>
      </p>
      {executor === null ? (
        <NoExecutor strategy={strategy} />
      ) : (
        <Figures executor={executor} strategy={strategy} />
      )}
    </article>
  );
};

const StrategyStatus = ({ strategy }: { readonly strategy: StrategyView }) => {
  const [tone, word] = statusOf(strategy);
  return <Status tone={tone}>{word}</Status>;
};

/** What we see ourselves goes before what the operator last concluded. */
const statusOf = ({ ready, executor }: StrategyView): readonly [Tone, string] => {
  if (executor !== null && executor.freshness !== "Live") return ["bad", executor.freshness];
  if (executor?.status?.killSwitch.engaged === true) return ["bad", "KillSwitchEngaged"];
  if (executor?.connected === false) return ["warn", "Disconnected"];
  if (ready === null) return ["quiet", "Pending"];
  const word = ready.reason === "" ? ready.status : ready.reason;
  if (ready.status === "True") return ["good", word];
  // Not ready without an executor is how paper and disabled strategies are meant to be.
  return [executor === null ? "quiet" : "warn", word];
};

const NoExecutor = ({ strategy: { mode, ready } }: { readonly strategy: StrategyView }) => (
  <p class="empty">
    {ready?.message ||
      (mode === "Paper" ? "On paper only: no executor trades it." : "No executor runs.")}
  </p>
);

type FiguresProps = { readonly executor: ExecutorView; readonly strategy: StrategyView };

const Figures = ({ executor, strategy }: FiguresProps) => {
  const { status } = executor;
  if (status === null) return <p class="empty">{executor.problem ?? "No answer yet."}</p>;
  const { killSwitch, balance, symbols } = status;
  const open = symbols.filter(({ cycle }) => cycle !== null).length;
  const resting = symbols.reduce((sum, symbol) => sum + symbol.resting.length, 0);
  return (
    <>
      <dl class="figures">
        <div>
          <dt>Equity</dt>
          <dd>
            <Money money={moneyOf(balance?.equity, balance?.at)} />
          </dd>
        </div>
        <div>
          <dt>Today</dt>
          <dd>
            <Result amount={killSwitch.sessionPnl} />
          </dd>
        </div>
        <div>
          <dt>Since start</dt>
          <dd>
            <Money money={executor.netProfit} result />
          </dd>
        </div>
        <div>
          <dt>Open</dt>
          <dd>
            <Money money={executor.unrealizedPnl} result />
          </dd>
        </div>
      </dl>
      <Meter
        value={killSwitch.lossPercent}
        limit={killSwitch.thresholdPercent}
        label={`Session loss of ${strategy.display}`}
      />
      <p class="facts small">
        <span>
          session loss {format.percent(killSwitch.lossPercent)} of{" "}
          {format.percent(killSwitch.thresholdPercent, 0)}
        </span>
        <span>
          {open === 0 ? "flat" : format.count(open, "position")} · {resting} resting
        </span>
      </p>
      <Footer executor={executor} strategy={strategy} />
    </>
  );
};

const moneyOf = (amount: string | undefined, at: number | undefined) =>
  amount === undefined || at === undefined
    ? ({ kind: "Unknown", reason: "the exchange has told no balance yet" } as const)
    : ({ kind: "Known", value: amount, at } as const);

const Footer = ({ executor, strategy }: FiguresProps) => {
  const { status, receivedAt, problem, freshness } = executor;
  if (status === null || receivedAt === null) return null;
  const shared = status.account.dedicatedKeys ? "" : " · shared keys";
  return (
    <footer class="facts small">
      <span class={freshness === "Live" ? "faint" : "loss"}>
        {freshness === "Live" ? "updated " : `${problem ?? "silent"}, last word `}
        <Ago at={receivedAt} />
        <span class="faint">{shared}</span>
      </span>
      {status.killSwitch.engaged && (
        <button
          type="button"
          class="danger small"
          disabled={!mayAct.value}
          onClick={() => {
            resetting.value = strategy.key;
          }}
        >
          Reset …
        </button>
      )}
    </footer>
  );
};
