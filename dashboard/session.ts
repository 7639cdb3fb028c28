/**
 * Who is looking: the token comes once in the fragment of the address, which no server ever sees, and
 * is kept for the life of the tab.
 */

import { signInProblem, snapshot, token } from "./state.ts";

const KEY = "token";

/** Takes `#t=…` out of the address, so that it is neither copied along nor left in the history. */
export const restoreSession = (): void => {
  const given = new URLSearchParams(location.hash.slice(1)).get("t");
  if (given !== null && given !== "") {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  token.value = sessionStorage.getItem(KEY) ?? undefined;
};

export const signIn = (given: string): void => {
  sessionStorage.setItem(KEY, given);
  signInProblem.value = undefined;
  token.value = given;
};

export const signOut = (problem?: string): void => {
  sessionStorage.removeItem(KEY);
  signInProblem.value = problem;
  snapshot.value = undefined;
  token.value = undefined;
};
