import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { secret } from "#runtime/secret.ts";
import { createExecutorClient } from "./executor-client.ts";
import { anOrder, aStatus, NOW } from "./testing/fixtures.ts";
import { startScriptedExecutor, type ScriptedExecutor } from "./testing/scripted-executor.ts";

let executor: ScriptedExecutor;
beforeAll(async () => {
  executor = await startScriptedExecutor("right");
});
afterAll(() => executor.close());

const client = createExecutorClient(secret("right"));
const forever = new AbortController().signal;
const status = () => client.status(executor.url, forever);

test("status and orders come as they were said", async () => {
  executor.say(aStatus(), [anOrder()]);
  expect(await status()).toEqual({ ok: true, value: aStatus() });
  expect(await client.orders(executor.url, forever)).toEqual({ ok: true, value: [anOrder()] });
});

const garbage: ReadonlyArray<[name: string, text: string, problem: string]> = [
  ["half a document", '{"namespace":', "the executor's answer is malformed: it is not JSON"],
  ["another document", "[]", "the executor's answer is malformed: "],
  [
    "a balance of zero dressed as a number",
    JSON.stringify({ ...aStatus(), balance: { ...aStatus().balance, equity: 0 } }),
    "the executor's answer is malformed: balance.equity",
  ],
  [
    "a time outside of time",
    JSON.stringify({ ...aStatus(), startedAt: 1e300 }),
    "the executor's answer is malformed: startedAt is not a time",
  ],
  [
    "more than anybody would hold",
    `"${"x".repeat(4_100_000)}"`,
    "the executor's answer is too long",
  ],
];

for (const [name, text, problem] of garbage) {
  test(`${name} is a problem and no status`, async () => {
    executor.sayRaw(text);
    expect(await status()).toMatchObject({ ok: false, error: expect.stringContaining(problem) });
  });
}

test("an error of the executor is told by its number", async () => {
  executor.sayRaw("{}", 503);
  expect(await status()).toEqual({ ok: false, error: "the executor answers 503" });
});

test("an executor that is starting says what it waits for", async () => {
  executor.sayRaw('{"error":"the exchange has not been reached"}', 503);
  expect(await status()).toEqual({
    ok: false,
    error: "the executor answers 503: the exchange has not been reached",
  });
});

test("a token that is refused does not pass for an answer", async () => {
  executor.say(aStatus());
  const stranger = createExecutorClient(secret("wrong"));
  expect(await stranger.status(executor.url, forever)).toEqual({
    ok: false,
    error: "the executor answers 401",
  });
});

test("an answer that never comes ends when the caller's patience does", async () => {
  executor.hang();
  const patience = new AbortController();
  const asking = client.status(executor.url, patience.signal);
  patience.abort();
  expect(await asking).toEqual({ ok: false, error: "the executor does not answer in time" });
});

test("an address where nobody listens is said", async () => {
  expect(await client.status(await nobodysAddress(), forever)).toMatchObject({
    ok: false,
    error: "the executor cannot be reached: ECONNREFUSED",
  });
  expect(await client.status("not an address", forever)).toMatchObject({ ok: false });
});

/** An address at which somebody listened until now. */
const nobodysAddress = async (): Promise<string> => {
  const { url, close } = await startScriptedExecutor("right");
  await close();
  return url;
};

test("orders without a place in time are refused as well", async () => {
  executor.sayRaw(JSON.stringify({ orders: [anOrder({ at: -NOW })] }));
  expect(await client.orders(executor.url, forever)).toMatchObject({ ok: false });
});
