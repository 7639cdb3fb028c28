/** The small parts that everything else is made of: amounts, ages, badges, bars. */

import type { ComponentChildren } from "preact";
import type { EnvironmentView, MoneyView, StrategyView } from "#aggregator/api.ts";
import * as format from "../format.ts";
import { sessionNow, speed } from "../state.ts";

export const Unknown = ({ reason }: { readonly reason: string }) => (
  <span class="unknown" title={reason}>
    unknown<span class="visually-hidden">: {reason}</span>
  </span>
);

/** A result with its sign, and a colour that repeats what the sign says. */
export const Result = ({ amount, unit }: { readonly amount: string; readonly unit?: string }) => (
  <span class={`number ${format.direction(amount)}`}>
    {format.signed(amount)}
    {unit !== undefined && unit !== "" && <span class="unit"> {unit}</span>}
  </span>
);

const Amount = ({ amount, unit }: { readonly amount: string; readonly unit?: string }) => (
  <span class="number">
    {format.money(amount)}
    {unit !== undefined && unit !== "" && <span class="unit"> {unit}</span>}
  </span>
);

type MoneyProps = {
  readonly money: MoneyView;
  readonly unit?: string;
  /** Shown with its sign. */
  readonly result?: boolean;
};

export const Money = ({ money, unit = "", result = false }: MoneyProps) => {
  if (money.kind === "Unknown") return <Unknown reason={money.reason} />;
  return result ? (
    <Result amount={money.value} unit={unit} />
  ) : (
    <Amount amount={money.value} unit={unit} />
  );
};

/** How long ago a session instant is on the reader's own watch, whatever the session's speed. */
export const Ago = ({ at }: { readonly at: number }) => (
  <time dateTime={new Date(at).toISOString()} title={`${format.dateTime(at)} UTC`}>
    {format.duration((sessionNow.value - at) / speed.value)} ago
  </time>
);

/** How long something has lasted in the session's time, which is that of the market. */
export const Since = ({ at }: { readonly at: number }) => (
  <time dateTime={new Date(at).toISOString()} title={`since ${format.dateTime(at)} UTC`}>
    {format.duration(sessionNow.value - at)}
  </time>
);

export const At = ({ at }: { readonly at: number }) => (
  <time class="number" dateTime={new Date(at).toISOString()} title={`${format.dateTime(at)} UTC`}>
    {format.timeNear(at, sessionNow.value)}
  </time>
);

export type Tone = "good" | "warn" | "bad" | "info" | "quiet";

/** Word, shape and colour say the same thing; any one of them is enough. */
export const Status = ({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}) => (
  <span class={`status ${tone}`}>
    <span aria-hidden="true">{SHAPES[tone]}</span> {children}
  </span>
);

const SHAPES: Readonly<Record<Tone, string>> = {
  good: "\u25cf",
  warn: "\u25b2",
  bad: "\u25a0",
  info: "\u25cb",
  quiet: "\u25cb",
};

const Badge = ({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}) => <span class={`badge ${tone}`}>{children}</span>;

export const ModeBadge = ({ mode }: { readonly mode: StrategyView["mode"] }) => (
  <Badge tone={mode === "Live" ? "good" : mode === "Paper" ? "info" : "quiet"}>
    {mode === "Disabled" ? "Off" : mode}
  </Badge>
);

/** Whose money it is. Real money is the loud one. */
export const EnvironmentBadge = ({ environment }: { readonly environment: EnvironmentView }) => (
  <Badge tone={environment === "Live" ? "warn" : "quiet"}>
    {environment === "Live" ? "Real money" : environment}
  </Badge>
);

type MeterProps = {
  readonly value: number;
  readonly limit: number;
  readonly label: string;
};

/** How much of a limit is used up, as a bar that changes its colour before the limit is reached. */
export const Meter = ({ value, limit, label }: MeterProps) => {
  const share = limit > 0 ? Math.min(1, Math.max(0, value / limit)) : 0;
  const tone = share >= 1 ? "bad" : share >= 0.7 ? "warn" : "calm";
  return (
    <div
      class={`meter ${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={limit}
      aria-valuenow={value}
      aria-valuetext={`${format.percent(value)} of ${format.percent(limit)}`}
    >
      <div style={{ width: `${(share * 100).toFixed(1)}%` }} />
    </div>
  );
};

type SectionProps = {
  readonly title: string;
  readonly note?: string;
  readonly children: ComponentChildren;
};

export const Section = ({ title, note, children }: SectionProps) => (
  <section class="section" aria-label={title}>
    <h2>
      {title}
      {note !== undefined && <span class="note"> {note}</span>}
    </h2>
    {children}
  </section>
);

type TableFrameProps = {
  readonly label: string;
  /** Names the way in which the rows fold on a narrow screen. */
  readonly kind: string;
  readonly children: ComponentChildren;
};

/** A wide table scrolls within itself; the page never does. */
export const TableFrame = ({ label, kind, children }: TableFrameProps) => (
  <div class={`table-frame panel ${kind}`} role="region" aria-label={label} tabIndex={0}>
    <table>{children}</table>
  </div>
);
