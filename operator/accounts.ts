/**
 * Which strategies trade on one account, as the exchange itself names it, and who may stay.
 *
 * Two keys of one account, or two Secrets with one key, are one account: only the exchange's number
 * tells. Strategies may share one while their symbols are disjoint. When a symbol is shared, the
 * older strategy stays, because its position may be open. Pure.
 */

export type AccountUse = {
  readonly key: string;
  /** RFC 3339; the smaller one is older. */
  readonly createdAt: string;
  readonly accountUid: string | undefined;
  readonly symbols: ReadonlyArray<string>;
};

export type AccountVerdict = {
  readonly conflictsWith: string | undefined;
  readonly sharedWith: ReadonlyArray<string>;
};

/** `uses` are those of the same account; the one that is judged may be among them. */
export const judgeAccount = (use: AccountUse, uses: ReadonlyArray<AccountUse>): AccountVerdict => {
  // Whoever hands them over may have them in another order the next time.
  const others = uses.filter((other) => isOnSameAccount(other, use)).toSorted(oldestFirst);
  const rival = others.find(
    (other) => isOlder(other, use) && other.symbols.some((symbol) => use.symbols.includes(symbol)),
  );
  return { conflictsWith: rival?.key, sharedWith: others.map(({ key }) => key) };
};

const isOnSameAccount = (other: AccountUse, { key, accountUid }: AccountUse): boolean =>
  other.key !== key && accountUid !== undefined && other.accountUid === accountUid;

const oldestFirst = (a: AccountUse, b: AccountUse): number => (isOlder(a, b) ? -1 : 1);

const isOlder = (a: AccountUse, b: AccountUse): boolean =>
  a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.key < b.key);
