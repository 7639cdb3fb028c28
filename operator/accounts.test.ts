import { expect, test } from "@jest/globals";
import { judgeAccount, type AccountUse } from "./accounts.ts";

const use = (key: string, change: Partial<AccountUse> = {}): AccountUse => ({
  key,
  createdAt: "2026-01-01T00:00:00Z",
  accountUid: "1001",
  symbols: ["BTC/USDT:USDT"],
  ...change,
});
const later = { createdAt: "2026-01-02T00:00:00Z" };

/** Rivals of the first and of the second. */
type Rivals = [string | undefined, string | undefined];

test.each<[string, AccountUse, AccountUse, Rivals]>([
  ["the older one stays", use("t/a", later), use("t/b"), ["t/b", undefined]],
  ["equally old ones are ordered by name", use("t/a"), use("t/b"), [undefined, "t/a"]],
  [
    "other symbols may share",
    use("t/a"),
    use("t/b", { symbols: ["ETH/USDT:USDT"] }),
    [undefined, undefined],
  ],
  [
    "other accounts do not meet",
    use("t/a"),
    use("t/b", { accountUid: "2002" }),
    [undefined, undefined],
  ],
  [
    "an unknown account proves nothing",
    use("t/a", { accountUid: undefined }),
    use("t/b", { accountUid: undefined }),
    [undefined, undefined],
  ],
])("%s", (_name, a, b, [rivalOfA, rivalOfB]) => {
  expect(judgeAccount(a, [a, b]).conflictsWith).toBe(rivalOfA);
  expect(judgeAccount(b, [b, a]).conflictsWith).toBe(rivalOfB);
});

test("sharing is told to both", () => {
  const [a, b] = [use("t/a"), use("t/b", { symbols: ["ETH/USDT:USDT"] })];
  expect(judgeAccount(a, [a, b]).sharedWith).toEqual(["t/b"]);
  expect(judgeAccount(b, [a, b]).sharedWith).toEqual(["t/a"]);
});

test("one that is not among those that trade there is judged all the same", () => {
  const older = use("t/a");
  expect(judgeAccount(use("t/b", later), [older])).toEqual({
    conflictsWith: "t/a",
    sharedWith: ["t/a"],
  });
  expect(judgeAccount(use("t/b", later), [])).toEqual({ conflictsWith: undefined, sharedWith: [] });
});

test("of several rivals each gives way to an older one, and the oldest to nobody", () => {
  const uses = ["a", "b", "c"].map((name, day) =>
    use(`t/${name}`, { createdAt: `2026-01-0${day + 1}T00:00:00Z` }),
  );
  const rivals = uses.map((one) => judgeAccount(one, uses).conflictsWith);
  expect(rivals).toEqual([undefined, "t/a", "t/a"]);
});

test("the verdict is the same in whatever order the others come: it is written down", () => {
  const uses = ["d", "c", "b", "a"].map((name, day) =>
    use(`t/${name}`, { createdAt: `2026-01-0${day + 1}T00:00:00Z`, symbols: [name] }),
  );
  for (const one of uses) {
    expect(judgeAccount(one, uses.toReversed())).toEqual(judgeAccount(one, uses));
  }
  const [oldest] = uses;
  expect(oldest && judgeAccount(oldest, uses).sharedWith).toEqual(["t/c", "t/b", "t/a"]);
});
