/** The page: signs in, connects, and lays the parts out in the order of a reader's attention. */

import { render } from "preact";
import { startConnection } from "./connection.ts";
import { Alarms } from "./parts/alarms.tsx";
import { Section } from "./parts/figures.tsx";
import { Header } from "./parts/header.tsx";
import { ClosedCycles, Orders } from "./parts/history.tsx";
import { Markets } from "./parts/markets.tsx";
import { Position } from "./parts/position.tsx";
import { ResetDialog } from "./parts/reset-dialog.tsx";
import { SignIn } from "./parts/sign-in.tsx";
import { StrategyCard } from "./parts/strategy-card.tsx";
import { Totals } from "./parts/totals.tsx";
import { restoreSession, signOut } from "./session.ts";
import { link, notice, snapshot, strategies, ticks, token } from "./state.ts";
import { restoreTheme } from "./theme.ts";

const App = () => (
  <>
    <a class="skip" href="#main">
      Skip to the strategies
    </a>
    {token.value === undefined ? <SignIn /> : <Overview />}
    <ResetDialog />
    <p class={`toast ${notice.value === undefined ? "" : "shown"}`} role="status">
      {notice.value}
    </p>
  </>
);

const Overview = () => (
  <>
    <Header />
    <main id="main" class={link.value.kind === "Lost" ? "lost" : ""}>
      <Alarms />
      {snapshot.value === undefined ? (
        <p class="panel empty">Waiting for the first answer …</p>
      ) : (
        <Fleet />
      )}
    </main>
    <footer class="bottom">
      {snapshot.value !== undefined && <>Scalp Radar {snapshot.value.version} · </>}
      Prices and amounts are the executors{"\u2019"}; stops are what the exchange has confirmed.{" "}
      <button type="button" class="link" onClick={() => signOut()}>
        Sign out
      </button>
    </footer>
  </>
);

const Fleet = () => {
  const current = snapshot.value;
  if (current === undefined) return null;
  if (strategies.value.length === 0) return <NoStrategy />;
  return (
    <>
      <Totals totals={current.totals} accounts={current.accounts} />
      <div class="cards">
        {strategies.value.map((strategy) => (
          <StrategyCard key={strategy.key} strategy={strategy} />
        ))}
      </div>
      <Positions />
      <Markets strategies={strategies.value} />
      <div class="columns">
        <ClosedCycles strategies={strategies.value} />
        <Orders orders={current.orders} />
      </div>
    </>
  );
};

const Positions = () => {
  const open = strategies.value.flatMap((strategy) =>
    (strategy.executor?.status?.symbols ?? []).flatMap((symbol) =>
      symbol.cycle === null ? [] : [{ strategy, symbol, cycle: symbol.cycle }],
    ),
  );
  if (open.length === 0) return null;
  return (
    <Section title="Positions">
      <div class="positions">
        {open.map((position) => (
          <Position key={`${position.strategy.key} ${position.symbol.symbol}`} {...position} />
        ))}
      </div>
    </Section>
  );
};

const NoStrategy = () => (
  <div class="panel empty">
    <p>
      <strong>No strategy is declared yet.</strong>
    </p>
    <p>
      Put a LiveStrategy manifest into the folder that this session watches, or apply it:{" "}
      <code>kubectl apply -f config/strategies/</code>
    </p>
  </div>
);

const NOTICE_MS = 8_000;

/** A notice goes by itself; what it said can be seen in the page. */
const fadeNotices = (): void => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  notice.subscribe((current) => {
    clearTimeout(timer);
    if (current === undefined) return;
    timer = setTimeout(() => {
      notice.value = undefined;
    }, NOTICE_MS);
  });
};

restoreTheme();
restoreSession();
startConnection();
fadeNotices();
setInterval(() => {
  ticks.value = performance.now();
}, 1_000);

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
