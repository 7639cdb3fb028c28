/**
 * Raw JSON calls to the API server, for arranging and asserting. Built on `node:https` and nothing of
 * ours, so that a fault of our own client cannot hide itself.
 */

import { Agent, request } from "node:https";

export type ApiAnswer = { readonly status: number; readonly body: unknown };

export type ApiCall = (
  method: string,
  path: string,
  body?: unknown,
  contentType?: string,
) => Promise<ApiAnswer>;

export type ApiTarget = { readonly port: number; readonly ca: string; readonly token: string };

const CALL_TIMEOUT_MS = 60_000;

export const openApiCalls = (target: ApiTarget): { readonly call: ApiCall; close: () => void } => {
  const agent = new Agent({ keepAlive: true, ca: target.ca });
  const call: ApiCall = (method, path, body, contentType = "application/json") => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request({
        agent,
        host: "127.0.0.1",
        port: target.port,
        method,
        path,
        timeout: CALL_TIMEOUT_MS,
        headers: {
          accept: "application/json",
          authorization: `Bearer ${target.token}`,
          "user-agent": "control-plane-test",
          // Node would announce no body of a DELETE, and the next request would begin with it.
          ...(text !== undefined && {
            "content-type": contentType,
            "content-length": Buffer.byteLength(text),
          }),
        },
      });
      sent.once("error", reject);
      sent.once("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer in time`)));
      sent.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const answer = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: parsed(answer) });
        });
      });
      sent.end(text);
    });
  };
  return { call, close: () => agent.destroy() };
};

/** Health endpoints answer in words. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
