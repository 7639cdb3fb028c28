import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  isNotFound,
  isRateLimit,
  isUnchanged,
  retryAfterOf,
  tooManyRequests,
  toOutcome,
  toUnknown,
} from "./errors.ts";
import { Bitget, errors } from "./package.ts";

const asIs = (text: string) => text;

const refusedWith = (code: string, msg = "said the exchange") =>
  new Error(`bitget ${JSON.stringify({ code, msg, requestTime: 1_700_000_000_000, data: null })}`);

const placing = (code: string) => {
  const outcome = toOutcome(refusedWith(code), "Place", asIs);
  return outcome.kind === "Rejected" ? outcome.reason : "Unknown";
};

/** Every situation that is known of Bitget, and what it means for an order that was sent. */
const cases: ReadonlyArray<readonly [situation: string, codes: string, meaning: string]> = [
  ["key missing or unknown", "40001 40006 40037", "Unauthorized"],
  ["wrong passphrase", "40011 40012 40036", "Unauthorized"],
  ["wrong signature", "40002 40003 40009", "Unauthorized"],
  ["no permission, address not listed", "40014 40018 40038", "Unauthorized"],
  ["another kind of account", "40084 40085 40731", "Unauthorized"],
  ["timed out at the exchange", "40010", "Unknown"],
  ["timestamp expired or invalid", "40004 40005 40008", "Expired"],
  ["too many requests", "429 1001 50009", "RateLimited"],
  ["rate limit of the sockets, on REST", "30006 30007", "Unknown"],
  ["parameter", "40017 400172 40019 40020", "InvalidOrder"],
  ["client id too long", "40304 40305", "InvalidOrder"],
  ["parameter against the specification", "43011", "InvalidOrder"],
  ["unknown path", "40404", "InvalidOrder"],
  ["insufficient balance", "40762 43012 40711 40712 50020", "InsufficientFunds"],
  ["insufficient balance, unmapped by ccxt", "40754 40755 40756 40757 45006", "InsufficientFunds"],
  ["order not found, which is no answer to placing one", "40109 40768 43001", "Unknown"],
  ["the same, unmapped by ccxt", "40773 22001 43004 43025 25204", "Unknown"],
  ["duplicate client id: the first one may have got through", "40786 43118 45034", "Unknown"],
  ["below the minimum", "45110 45111 43006", "BelowMinimum"],
  ["above the maximum", "45112 45113", "InvalidSize"],
  ["bad price", "45115 43028 45035", "InvalidPrice"],
  ["bad parameter", "41103 40108", "InvalidOrder"],
  ["parameter verification, also seen in release windows", "40808", "Unknown"],
  ["nothing to close", "22002", "NoPosition"],
  ["position too small for a plan", "43023 40891", "NoPosition"],
  ["position mode mismatch", "40774", "WrongMode"],
  ["position mode cannot change", "40872 40920 40815", "NotAllowedNow"],
  ["margin mode cannot change", "45117", "NotAllowedNow"],
  ["leverage too high", "40797", "InvalidLeverage"],
  ["leverage unchanged, which is no answer to placing an order", "40814", "Unknown"],
  ["stop on the wrong side", "40917 45122 40834 40836", "TriggerPassed"],
  ["take-profit on the wrong side", "40832 40915", "TriggerPassed"],
  ["the same, older codes", "43015 43016 43034 43035", "TriggerPassed"],
  ["a plan of this kind is there", "43030 43031", "AlreadyProtected"],
  ["too many plans", "40889 40890", "NotAllowedNow"],
  ["too many orders", "45118", "NotAllowedNow"],
  ["leverage cannot change now", "40893 45097", "NotAllowedNow"],
  ["delisted or not there", "40034 40309", "BadSymbol"],
  ["maintenance", "40200 40308 41114 43115", "Maintenance"],
  ["transient", "40015 40725 45001", "Unknown"],
  ["frozen or at risk", "40013 45009 40760", "NotAllowedNow"],
  ["canceled more than once a second", "45129", "RateLimited"],
  ["success that is none", "00000", "Unknown"],
  ["codes that nobody has seen", "99999 0 1 40604 500", "Unknown"],
];

for (const [situation, codes, meaning] of cases) {
  test(`${situation}: ${meaning}`, () => {
    for (const code of codes.split(" ")) expect([code, placing(code)]).toEqual([code, meaning]);
  });
}

test("what is not there cannot be canceled or moved", () => {
  for (const code of ["40109", "40768", "43001", "40773", "22001", "43004", "43025", "25204"]) {
    expect(toOutcome(refusedWith(code), "Withdraw", asIs)).toMatchObject({
      kind: "Rejected",
      reason: "NotFound",
    });
    expect(isNotFound(refusedWith(code))).toBe(true);
  }
  expect(isNotFound(refusedWith("40015"))).toBe(false);
});

test("what is already so is told from what failed", () => {
  expect(isUnchanged(refusedWith("40814"))).toBe(true);
  expect(isUnchanged(refusedWith("40797"))).toBe(false);
});

test("only an answer of the exchange rejects: everything else that is thrown leaves it open", () => {
  const body = '{"code":"40762","msg":"balance"}';
  const thrown: ReadonlyArray<unknown> = [
    new errors.BadResponse(
      "bitget: HTTP 502 without an answer to POST /api/v2/mix/order/place-order",
    ),
    new errors.RateLimitExceeded("bitget: HTTP 429 to POST /api/v2/mix/order/place-order"),
    new TypeError("fetch failed"),
    new DOMException("aborted", "AbortError"),
    // The code in somebody else's mouth.
    new Error(`proxy said ${body}`),
    new Error(`bitget POST http://127.0.0.1 502 ${body}`),
    new Error('bitget {"code":40762,"msg":"a number is no code"}'),
    new Error('bitget {"code":"40762"'),
    new Error('bitget [{"code":"40762"}]'),
    body,
    undefined,
    null,
    40_762,
    { message: `bitget ${body}` },
  ];
  for (const one of thrown) expect(toOutcome(one, "Place", asIs).kind).toBe("Unknown");
});

test("no code outside the table, in whatever body, ever rejects an order", () => {
  const known = new Set(cases.flatMap(([, codes]) => codes.split(" ")));
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 0, max: 999_999 }).map(String), fc.string()),
      fc.string(),
      fc.constantFrom("Place", "Configure" as const),
      (code, msg, operation) => {
        fc.pre(!known.has(code));
        expect(toOutcome(refusedWith(code, msg), operation, asIs).kind).toBe("Unknown");
      },
    ),
    { numRuns: 1_000 },
  );
});

test("no body that is not the exchange's envelope ever rejects an order", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      expect(toOutcome(new Error(`bitget ${body}`), "Place", asIs).kind).toBe("Unknown");
    }),
    { numRuns: 1_000 },
  );
});

test("a read that was refused says by what class, so that a bad key is recognised", () => {
  expect(toUnknown(refusedWith("40012", "apikey/password is incorrect"), asIs).reason).toMatch(
    /^Unauthorized: bitget .*apikey\/password is incorrect/,
  );
  expect(toUnknown(refusedWith("40200"), asIs).reason).toMatch(/^Maintenance: /);
  expect(toUnknown(new TypeError("fetch failed"), asIs).reason).toBe("fetch failed");
});

test("refusals for rate are told from others, by status or by code", () => {
  const limited = tooManyRequests(new errors.RateLimitExceeded("bitget: HTTP 429"), 7_000);
  expect([isRateLimit(limited), retryAfterOf(limited)]).toEqual([true, 7_000]);
  const unsaid = tooManyRequests(new errors.RateLimitExceeded("bitget: HTTP 429"), undefined);
  expect([isRateLimit(unsaid), retryAfterOf(unsaid)]).toEqual([true, undefined]);
  expect(isRateLimit(refusedWith("429"))).toBe(true);
  expect(isRateLimit(refusedWith("40762"))).toBe(false);
});

test("a detail is redacted before it is cut, and cut", () => {
  const redact = (text: string) => text.replaceAll("secret", "[redacted]");
  const { reason } = toUnknown(new Error(`${"x".repeat(297)}secret and more`), redact);
  expect(reason).toBe(`${"x".repeat(297)}[re…`);
});

test("ccxt quotes the exchange's whole answer in whatever class it throws", () => {
  const bitget = new Bitget({});
  for (const code of ["40762", "40774", "1001", "40010", "40786", "22002", "99999"]) {
    const answer = { code, msg: "said the exchange", requestTime: 1, data: null };
    const body = JSON.stringify(answer);
    let thrown: unknown;
    try {
      bitget.handleErrors(400, "", "http://x/", "POST", {}, body, answer, {}, "");
    } catch (error) {
      thrown = error;
    }
    const outcome = toOutcome(thrown, "Place", asIs);
    expect(outcome.kind === "Rejected" ? outcome.reason : "Unknown").toBe(placing(code));
    expect(thrown).toMatchObject({ message: `bitget ${body}` });
  }
});
