/**
 * An executor's HTTP side that says what a test tells it to: a second implementation of the API.
 *
 * What it is told to say is held against the schema of the wire, so that a test cannot pass on
 * answers that no executor would give; `sayRaw` is for those that are meant to be wrong.
 */

import { createServer, type Server, type ServerResponse } from "node:http";
import {
  executorOrders,
  executorStatus,
  type ExecutorStatus,
  type OrderRecord,
} from "#crds/executor-status.ts";

export type ScriptedExecutor = {
  readonly url: string;
  /** A function is asked anew for every answer. */
  readonly say: (status: Said<ExecutorStatus>, orders?: ReadonlyArray<OrderRecord>) => void;
  /** Answers this text to everything. */
  readonly sayRaw: (text: string, code?: number) => void;
  /** Accepts questions and answers none. */
  readonly hang: () => void;
  readonly asked: () => number;
  readonly close: () => Promise<void>;
};

type Said<T> = T | (() => T);

export const startScriptedExecutor = async (token: string): Promise<ScriptedExecutor> => {
  let answer: (path: string, response: ServerResponse) => void = (_path, response) =>
    send(response, 503, "{}");
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    if (request.headers.authorization !== `Bearer ${token}`) return send(response, 401, "{}");
    answer(new URL(request.url ?? "/", "http://localhost").pathname, response);
  });
  const port = await listenAnywhere(server);
  return {
    url: `http://127.0.0.1:${port}`,
    say: (said, orders = []) => {
      const status = typeof said === "function" ? said : () => said;
      const answers: Readonly<Record<string, () => object>> = {
        "/status": () => executorStatus.parse(status()),
        "/orders": () => executorOrders.parse({ orders }),
        "/test-trade": () => ({ status: "sent" }),
        "/test-close": () => ({ status: "sent" }),
      };
      answer = (path, response) => {
        const body = answers[path]?.();
        send(response, body === undefined ? 404 : 200, JSON.stringify(body ?? {}));
      };
    },
    sayRaw: (text, code = 200) => {
      answer = (_path, response) => send(response, code, text);
    },
    hang: () => {
      answer = () => {};
    },
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const send = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(text);
};

const listenAnywhere = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
