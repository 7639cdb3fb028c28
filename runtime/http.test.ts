import { expect, test } from "@jest/globals";
import { createApp, listen, requireToken } from "./http.ts";
import { secret } from "./secret.ts";

const answers = async (token: string, headers: Readonly<Record<string, string>>) => {
  const app = createApp();
  app.use(requireToken(secret(token)));
  app.get("/", (_request, response) => void response.json({}));
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  if (!server.ok) throw new Error(server.error);
  const { status } = await fetch(server.value.url, { headers });
  await server.value.close();
  return status;
};

test.each([
  ["as a bearer", "abc", { authorization: "Bearer abc" }, 200],
  ["as a key", "abc", { "x-api-key": "abc" }, 200],
  ["another one", "abc", { "x-api-key": "abd" }, 401],
  ["none", "abc", {}, 401],
  ["an empty key", "abc", { "x-api-key": "" }, 401],
  ["an empty key where the token is empty", "", { "x-api-key": "" }, 401],
  ["an empty bearer where the token is empty", "", { authorization: "Bearer " }, 401],
])("the token, %s", async (_what, token, headers, status) => {
  expect(await answers(token, headers)).toBe(status);
});
