/** What the page knows, as signals: components read them and are drawn again when they change. */

import { computed, signal } from "@preact/signals";
import type { Snapshot, StrategyView } from "#aggregator/api.ts";

/** How the stream does. `since` is the page's own clock, in milliseconds. */
export type Link =
  | { readonly kind: "Connecting" }
  | { readonly kind: "Live" }
  | { readonly kind: "Lost"; readonly since: number; readonly reason: string };

export const snapshot = signal<Snapshot | undefined>(undefined);
export const link = signal<Link>({ kind: "Connecting" });
/** `undefined` while nobody has signed in. */
export const token = signal<string | undefined>(undefined);
/** Why the sign-in form is shown again, if it is. */
export const signInProblem = signal<string | undefined>(undefined);
/** Key of the strategy whose kill switch is about to be reset. */
export const resetting = signal<string | undefined>(undefined);
/** The result of the last action, until it fades. */
export const notice = signal<string | undefined>(undefined);
/** The page's own clock, read once a second: ages are drawn again when it moves. */
export const ticks = signal(performance.now());

/** The session time that a message carried, and when it came by the page's clock. */
export const heardAt = signal<{ readonly session: number; readonly page: number }>({
  session: 0,
  page: 0,
});

export const speed = computed(() => snapshot.value?.speed ?? 1);

/** The session's time now: what the last message said, carried on at the session's speed. */
export const sessionNow = computed(() => {
  const { session, page } = heardAt.value;
  return session + Math.max(0, ticks.value - page) * speed.value;
});

export const strategies = computed<ReadonlyArray<StrategyView>>(() =>
  Object.values(snapshot.value?.strategies ?? {}).toSorted(
    (a, b) => weight(a) - weight(b) || (a.key < b.key ? -1 : 1),
  ),
);

/** Those that trade come first, then paper, then what is off. */
const weight = ({ mode }: StrategyView): number => ["Live", "Paper", "Disabled"].indexOf(mode);

/** The one quote currency of the fleet; nothing when there are several. */
export const quote = computed(() => {
  const quotes = new Set(
    strategies.value.flatMap(({ symbols }) =>
      symbols.map((symbol) => /\/([^:]+)/.exec(symbol)?.[1] ?? ""),
    ),
  );
  return quotes.size === 1 ? [...quotes].join("") : "";
});

/** Actions are for a page that sees what it acts on. */
export const mayAct = computed(() => link.value.kind === "Live");
