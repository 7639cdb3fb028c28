import { afterAll, expect, test } from "@jest/globals";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { millis } from "#base/clock.ts";
import { known } from "#base/fact.ts";
import { err, ok } from "#base/result.ts";
import { secret } from "#runtime/secret.ts";
import { createExecutors } from "./executors.ts";
import { specOf, statusOf } from "./testing/samples.ts";

const executors = createExecutors({ token: secret("t0ken") });
const servers: Server[] = [];
afterAll(async () => {
  await Promise.all(servers.map((one) => new Promise((resolve) => one.close(resolve))));
});

type Asked = { readonly words: string; readonly body: string };

/** A server that answers everything alike, and remembers what it was asked. */
const answeringWith = async (
  status: number,
  body: string,
): Promise<{ readonly url: string; readonly asked: ReadonlyArray<Asked> }> => {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method, url, headers } = request;
      asked.push({
        words: `${method} ${url} ${headers.authorization}`,
        body: await textOf(request),
      });
      response.writeHead(status, { "content-type": "application/json", connection: "close" });
      response.end(body);
    })();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has a port");
  return { url: `http://127.0.0.1:${address.port}`, asked };
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
};

test("what an executor says of itself is known, at its own instant", async () => {
  const status = statusOf({ at: 12_345 });
  const { url, asked } = await answeringWith(200, JSON.stringify(status));
  expect(await executors.status(url)).toEqual(known(status, millis(12_345)));
  expect(asked.map(({ words }) => words)).toEqual(["GET /status Bearer t0ken"]);
});

test("one that answers and cannot begin waits, and says for what", async () => {
  const { url } = await answeringWith(503, JSON.stringify({ error: "no exchange keys" }));
  expect(await executors.status(url)).toEqual({ kind: "Waiting", reason: "no exchange keys" });
});

test.each([
  ["a refusal", 401, '{"error":"missing or wrong token"}', "missing or wrong token"],
  ["a refusal without words", 404, "{}", "it answers 404"],
  ["a defect", 500, '{"error":7}', "it answers 500"],
  ["another form", 200, '{"strategy":"grid-atr"}', "does not have the form that was agreed"],
  ["no JSON", 200, "<html>", "it does not answer: "],
  ["nothing", 200, "", "it does not answer: "],
])("%s proves nothing about a position", async (_name, status, body, reason) => {
  const { url } = await answeringWith(status, body);
  expect(await executors.status(url)).toEqual({
    kind: "Unknown",
    reason: expect.stringContaining(reason),
  });
});

test("an executor that cannot be reached is not known, and was not told", async () => {
  const nowhere = "http://127.0.0.1:1";
  expect(await executors.status(nowhere)).toMatchObject({ kind: "Unknown" });
  await expect(executors.control(nowhere, specOf())).rejects.toThrow("fetch failed");
});

test("the whole specification is handed over, with the token", async () => {
  const { url, asked } = await answeringWith(200, '{"generation":3,"changed":true}');
  expect(await executors.control(url, specOf())).toEqual(ok(undefined));
  expect(asked.map(({ words }) => words)).toEqual(["PUT /control Bearer t0ken"]);
  expect(JSON.parse(asked[0]?.body ?? "")).toEqual(specOf());
});

test.each([
  [409, "BTC/USDT:USDT: no such symbol"],
  [422, "leverage: too much"],
])("%i: what it does not want is a refusal, in its own words", async (status, error) => {
  const { url } = await answeringWith(status, JSON.stringify({ error }));
  expect(await executors.control(url, specOf())).toEqual(err(error));
});

test.each([401, 404, 500, 503])("%i: what it may want later is no refusal", async (status) => {
  const { url } = await answeringWith(status, '{"error":"not now"}');
  await expect(executors.control(url, specOf())).rejects.toThrow(
    "the executor was not told: not now",
  );
});
