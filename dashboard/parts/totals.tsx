/** The fleet in one line of figures. */

import type { ComponentChildren } from "preact";
import type { AccountView, TotalsView } from "#aggregator/api.ts";
import { quote } from "../state.ts";
import { Money } from "./figures.tsx";

type TotalsProps = { readonly totals: TotalsView };
type Props = TotalsProps & { readonly accounts: ReadonlyArray<AccountView> };

export const Totals = ({ totals, accounts }: Props) => {
  const { executors, connectedExecutors, notFresh } = totals;
  const unit = quote.value;
  return (
    <div class="panel">
      <dl class={`totals ${notFresh.length === 0 ? "" : "aged"}`}>
        <Figure label="Equity">
          <Money money={totals.equity} unit={unit} />
        </Figure>
        <Figure label="Today, realised">
          <Money money={totals.sessionPnl} unit={unit} result />
        </Figure>
        <Figure label="Since start, net">
          <Money money={totals.netProfit} unit={unit} result />
        </Figure>
        <Figure label="Open positions">
          <Money money={totals.unrealizedPnl} unit={unit} result />
        </Figure>
        <Figure label="Margin used">
          <Money money={totals.marginUsed} unit={unit} />
        </Figure>
        <Figure label="Stops">
          <Stops totals={totals} />
        </Figure>
        <Figure label="Executors">
          <span class={connectedExecutors < executors ? "number loss" : "number"}>
            {executors === 0 ? "none" : `${connectedExecutors} of ${executors} connected`}
          </span>
        </Figure>
      </dl>
      {notesOn(totals, accounts).map((note) => (
        <p key={note} class="totals-note warn">
          <span aria-hidden="true">{"\u25b2"}</span> {note}
        </p>
      ))}
    </div>
  );
};

/** What a reader must know before believing the sums. */
const notesOn = (
  totals: TotalsView,
  accounts: ReadonlyArray<AccountView>,
): ReadonlyArray<string> => {
  const { notFresh, equity, executors } = totals;
  const real = accounts.filter(({ environment }) => environment === "Live").length;
  return [
    ...(notFresh.length > 0
      ? [
          `Not fresh: the part of ${notFresh.join(", ")} in these sums is its last word, or missing.`,
        ]
      : []),
    ...(equity.kind === "Unknown" && executors > 0
      ? [`Equity is not known: ${equity.reason}.`]
      : []),
    ...(real > 0 && real < accounts.length
      ? ["Real and play money are added up here: look at each strategy."]
      : []),
  ];
};

/** A confirmation that is old confirms nothing, so it is only called so while all words are fresh. */
const Stops = ({ totals }: TotalsProps) => {
  const { openPositions: open, unprotectedPositions: naked, notFresh } = totals;
  if (naked > 0) return <span class="loss">{naked} not confirmed</span>;
  if (notFresh.length > 0) return <span class="unknown">not known</span>;
  return <span class="number">{open === 0 ? "flat" : `${open} confirmed`}</span>;
};

const Figure = ({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) => (
  <div>
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
);
