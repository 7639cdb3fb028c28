/**
 * Resetting a kill switch takes a look and a name: the dialog says what happened, what follows and
 * with whose money, and its button stays off until the strategy's name is typed.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { StrategyView } from "#aggregator/api.ts";
import { resetKillSwitch } from "../actions.ts";
import * as format from "../format.ts";
import { mayAct, notice, resetting, snapshot } from "../state.ts";
import { Result, Since } from "./figures.tsx";

export const ResetDialog = () => {
  const key = resetting.value;
  const strategy = key === undefined ? undefined : snapshot.value?.strategies[key];
  return strategy === undefined ? null : <Dialog key={strategy.key} strategy={strategy} />;
};

const close = (): void => {
  resetting.value = undefined;
};

const Dialog = ({ strategy }: { readonly strategy: StrategyView }) => {
  const element = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState("");
  const [asking, setAsking] = useState(false);
  useEffect(() => element.current?.showModal(), []);

  const confirm = async () => {
    setAsking(true);
    const { done, sentence } = await resetKillSwitch(strategy);
    setAsking(false);
    if (!done) return setProblem(sentence);
    notice.value = sentence;
    close();
  };

  return (
    <dialog ref={element} aria-labelledby="reset-title" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <h2 id="reset-title">Reset the kill switch of {strategy.display}?</h2>
        <WhatHappened strategy={strategy} />
        <WhatFollows strategy={strategy} />
        <label for="reset-name">
          Type <strong>{strategy.name}</strong> to confirm
        </label>
        <input
          id="reset-name"
          autocomplete="off"
          autofocus
          spellcheck={false}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        {problem !== "" && (
          <p class="loss" role="alert">
            {problem}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={close}>
            Keep it engaged
          </button>
          <button
            type="submit"
            class="danger"
            disabled={typed !== strategy.name || asking || !mayAct.value}
          >
            {asking ? "Asking …" : "Reset and trade again"}
          </button>
        </div>
      </form>
    </dialog>
  );
};

const WhatHappened = ({ strategy }: { readonly strategy: StrategyView }) => {
  const status = strategy.executor?.status;
  if (status === undefined || status === null) return null;
  const { killSwitch, symbols } = status;
  const open = symbols.filter(({ cycle }) => cycle !== null).length;
  if (!killSwitch.engaged) return <p>It is not engaged any more.</p>;
  return (
    <p>
      It engaged{" "}
      {killSwitch.trippedAt !== null && (
        <>
          <Since at={killSwitch.trippedAt} /> ago
        </>
      )}
      : {killSwitch.reason ?? "no reason was given"}. Today{"\u2019"}s result is{" "}
      <Result amount={killSwitch.sessionPnl} />, {format.percent(killSwitch.lossPercent)} of the
      capital lost with a limit of {format.percent(killSwitch.thresholdPercent, 0)}. It holds{" "}
      {open === 0 ? "no position" : format.count(open, "position")} now.
    </p>
  );
};

const WhatFollows = ({ strategy: { environment } }: { readonly strategy: StrategyView }) => (
  <p>
    After the reset the strategy may open positions again.{" "}
    {environment === "Live" ? (
      <strong class="loss">These are real orders with real money.</strong>
    ) : (
      <>Its account is {environment}: no real money is involved.</>
    )}
  </p>
);
