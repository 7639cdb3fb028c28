/** Asks for the token when the address did not bring one. */

import { useState } from "preact/hooks";
import { signIn } from "../session.ts";
import { signInProblem } from "../state.ts";

export const SignIn = () => {
  const [typed, setTyped] = useState("");
  return (
    <main class="sign-in panel">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() !== "") signIn(typed.trim());
        }}
      >
        <img src="/icon.svg" alt="" width="40" height="40" />
        <h2>Scalp Radar</h2>
        <label for="token">Access token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        {signInProblem.value !== undefined && (
          <p class="loss" role="alert">
            {signInProblem.value}
          </p>
        )}
        <p class="faint">
          It is in the address that the start of the program prints, after <code>#t=</code>.
        </p>
        <button type="submit" class="primary" disabled={typed.trim() === ""}>
          Open
        </button>
      </form>
    </main>
  );
};
