/**
 * Processor time and memory of an executor: what its strategy asks for, over the cluster's defaults.
 *
 * A default gives way to what was asked for, so that one amount alone makes a pod that the server
 * takes: a request above the usual limit raises it, a limit below the usual request lowers that.
 */

import { canonicalQuantity, largerQuantity, smallerQuantity } from "./canonical.ts";

type Amount = string | number;
type Amounts = Readonly<Record<string, Amount | undefined>>;
type Lists = {
  readonly requests?: Amounts | undefined;
  readonly limits?: Amounts | undefined;
};

export const resourcesOf = (asked: Lists, usual: Lists) => {
  const { requests = {}, limits = {} } = asked;
  const lists = {
    requests: merged(requests, usual.requests ?? {}, (amount, name) =>
      bounded(smallerQuantity, amount, limits[name]),
    ),
    limits: merged(limits, usual.limits ?? {}, (amount, name) =>
      bounded(largerQuantity, amount, requests[name]),
    ),
  };
  // A server stores no empty list.
  return Object.fromEntries(
    Object.entries(lists).filter(([, amounts]) => Object.keys(amounts).length > 0),
  );
};

const merged = (
  asked: Amounts,
  usual: Amounts,
  fit: (amount: Amount, name: string) => string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ["cpu", "memory"].flatMap((name) => {
      const [own, other] = [asked[name], usual[name]];
      if (own !== undefined) return [[name, canonicalQuantity(own)]];
      return other === undefined ? [] : [[name, fit(other, name)]];
    }),
  );

const bounded = (
  choose: (a: Amount, b: Amount) => string,
  amount: Amount,
  bound: Amount | undefined,
): string => (bound === undefined ? canonicalQuantity(amount) : choose(amount, bound));
