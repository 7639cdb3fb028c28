/** Light or dark: the system's choice until the reader makes one. */

import { signal } from "@preact/signals";

export type Theme = "light" | "dark";

const KEY = "theme";
const darkSystem = matchMedia("(prefers-color-scheme: dark)");

export const theme = signal<Theme>("light");

const show = (): void => {
  const chosen = localStorage.getItem(KEY);
  const followed = darkSystem.matches ? "dark" : "light";
  theme.value = chosen === "light" || chosen === "dark" ? chosen : followed;
  document.documentElement.dataset["theme"] = theme.value;
};

export const restoreTheme = (): void => {
  show();
  darkSystem.addEventListener("change", show);
};

export const switchTheme = (): void => {
  localStorage.setItem(KEY, theme.value === "dark" ? "light" : "dark");
  show();
};
