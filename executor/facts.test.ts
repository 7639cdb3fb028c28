import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import {
  ACCOUNT_AGE_MAX_MS,
  ageOf,
  createFactStore,
  isConnected,
  type Facts,
  type Received,
} from "./facts.ts";

const received = <T>(value: T, elapsed: number): Received<T> => ({ value, at: millis(0), elapsed });

test("a store begins by knowing nothing, and both sockets down", () => {
  const { current } = createFactStore();
  expect(current()).toEqual({
    prices: new Map(),
    balance: undefined,
    account: undefined,
    streams: { public: false, private: false },
  });
});

test("a change is made to what is known then, and what was handed out stays as it was", () => {
  const store = createFactStore();
  const before = store.current();
  store.update((facts) => ({ ...facts, streams: { ...facts.streams, public: true } }));
  store.update((facts) => ({ ...facts, streams: { ...facts.streams, private: true } }));
  expect(store.current().streams).toEqual({ public: true, private: true });
  expect(before.streams).toEqual({ public: false, private: false });
});

test("what was never received is infinitely old, and a date says nothing about age", () => {
  expect(ageOf(undefined, 5)).toBe(Infinity);
  expect(ageOf(received("x", 1_000), 1_250)).toBe(250);
  expect(ageOf({ ...received("x", 1_000), at: millis(1e15) }, 1_250)).toBe(250);
});

const connected: Facts = {
  prices: new Map(),
  balance: undefined,
  account: received({ plans: [] }, 1_000),
  streams: { public: true, private: true },
};

test.each<[string, Facts, number, boolean]>([
  ["both sockets and a recent account", connected, 1_000, true],
  ["an account at its greatest age", connected, 1_000 + ACCOUNT_AGE_MAX_MS, true],
  ["an account beyond it", connected, 1_001 + ACCOUNT_AGE_MAX_MS, false],
  ["no account yet", { ...connected, account: undefined }, 1_000, false],
  ["no public socket", { ...connected, streams: { public: false, private: true } }, 1_000, false],
  ["no private socket", { ...connected, streams: { public: true, private: false } }, 1_000, false],
])("with %s", (_name, facts, elapsed, expected) => {
  expect(isConnected(facts, elapsed)).toBe(expected);
});
