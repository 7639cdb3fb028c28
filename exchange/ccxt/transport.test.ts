import { afterEach, expect, test } from "@jest/globals";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createTransport, type HttpInit } from "./transport.ts";

const cleanUps: Array<() => void> = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

const serve = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const transport = createTransport();
  cleanUps.push(
    () => transport.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const send = (body?: string, changes: Partial<HttpInit> = {}) =>
    transport.send(`http://127.0.0.1:${port}/api`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "X-Test": "1" },
      body,
      signal: new AbortController().signal,
      ...changes,
    });
  return { send, server };
};

test("an answer is read to its end, and the connection is used again", async () => {
  const sockets = new Set<unknown>();
  const { send } = await serve((request, response) => {
    sockets.add(request.socket);
    request.pipe(response.writeHead(201, { "retry-after": "3" }));
  });
  const answer = await send('{"a":1}');
  expect(answer).toMatchObject({ status: 201, statusText: "Created" });
  expect(answer.headers["retry-after"]).toBe("3");
  expect(await answer.text()).toBe('{"a":1}');
  await send("again");
  expect(sockets.size).toBe(1);
});

test("a redirect is an answer like any other, and not followed", async () => {
  const paths: unknown[] = [];
  const { send } = await serve((request, response) => {
    paths.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await send("{}")).toMatchObject({ status: 302 });
  expect(paths).toEqual(["/api"]);
});

test("a connection that is cut before or within the answer is an error, and nothing is sent again", async () => {
  let requests = 0;
  const { send } = await serve((request, response) => {
    requests += 1;
    const cut = () => request.socket.destroy();
    if (requests === 1) cut();
    else response.writeHead(200, { "content-length": "100" }).write("half", cut);
  });
  await expect(send("{}")).rejects.toThrow();
  await expect(send("{}")).rejects.toThrow();
  expect(requests).toBe(2);
});

test("the caller's signal ends a request whose answer drips", async () => {
  const { send } = await serve((_request, response) => {
    response.writeHead(200).write("{");
  });
  const abort = new AbortController();
  const sent = send("{}", { signal: abort.signal });
  setImmediate(() => abort.abort());
  await expect(sent).rejects.toMatchObject({ name: "AbortError" });
});

test("an answer that does not end is given up", async () => {
  const { send } = await serve((_request, response) => {
    const chunk = Buffer.alloc(1 << 20, "x");
    const more = () => {
      while (response.write(chunk));
      response.once("drain", more);
    };
    more();
  });
  await expect(send()).rejects.toThrow("larger than any answer should be");
});

test("the last word is asked for when the connection stands, and can still stop the bytes", async () => {
  const seen: string[] = [];
  const { send, server } = await serve((_request, response) => {
    seen.push("request");
    response.end("{}");
  });
  server.on("connection", () => seen.push("connection"));
  const ready = () => seen.push("ready");
  await send("{}", { ready });
  await send("{}", { ready });
  // The second one found the connection standing.
  expect(seen.filter((what) => what !== "connection")).toEqual([
    "ready",
    "request",
    "ready",
    "request",
  ]);
  expect(seen.filter((what) => what === "connection")).toHaveLength(1);
  const refuse = () => {
    throw new Error("the grant has run out");
  };
  await expect(send("{}", { ready: refuse })).rejects.toThrow("the grant has run out");
  await send();
  expect(seen.filter((what) => what === "request")).toHaveLength(3);
});

test("nobody at home is an error", async () => {
  const { send, server } = await serve(() => {});
  server.close();
  let asked = false;
  const ready = () => {
    asked = true;
  };
  await expect(send("{}", { ready })).rejects.toThrow("ECONNREFUSED");
  expect(asked).toBe(false);
});
