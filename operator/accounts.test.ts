import { expect, test } from "@jest/globals";
import { judgeAccounts, type AccountUse } from "./accounts.ts";

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
  const verdicts = judgeAccounts([a, b]);
  expect(verdicts.get("t/a")?.conflictsWith).toBe(rivalOfA);
  expect(verdicts.get("t/b")?.conflictsWith).toBe(rivalOfB);
});

test("sharing is told to both", () => {
  const verdicts = judgeAccounts([use("t/a"), use("t/b", { symbols: ["ETH/USDT:USDT"] })]);
  expect(verdicts.get("t/a")?.sharedWith).toEqual(["t/b"]);
  expect(verdicts.get("t/b")?.sharedWith).toEqual(["t/a"]);
});
