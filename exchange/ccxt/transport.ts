/**
 * HTTP as money needs it: one request, one answer, nothing clever in between.
 *
 * Node's own client, because it never sends a request twice, follows no redirect, reads no proxy from
 * the environment, and tells when the connection stands: whoever has a last word is asked then, with
 * every wait behind us, and the bytes leave in the same call. The answer is read to its end under the
 * caller's signal, with a limit on its size: a peer that drips one byte a second does not hold an
 * order's fate for ever.
 */

import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

export type HttpInit = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  /** Called when the connection stands, immediately before the bytes leave. Throwing stops them. */
  readonly ready?: () => void;
};

/** As much of a fetch response as ccxt reads. */
export type HttpAnswer = {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>;
  readonly text: () => Promise<string>;
};

export type HttpSend = (url: string, init: HttpInit) => Promise<HttpAnswer>;

export type Transport = { readonly send: HttpSend; readonly close: () => void };

/** The list of all contracts is the largest answer there is: half a megabyte. */
const LARGEST_ANSWER = 16 * 1024 * 1024;
const MOST_SOCKETS = 16;

export const createTransport = (): Transport => {
  const options = { keepAlive: true, maxSockets: MOST_SOCKETS };
  const http = new HttpAgent(options);
  // Said here, no variable of the environment can switch it off.
  const https = new HttpsAgent({ ...options, rejectUnauthorized: true });

  const send: HttpSend = (url, { method, headers, body, signal, ready }) =>
    new Promise((resolve, reject) => {
      const secure = url.startsWith("https:");
      const agent = secure ? https : http;
      const request = (secure ? requestHttps : requestHttp)(url, {
        method,
        headers,
        agent,
        signal,
      });
      request.on("error", reject);
      request.on("socket", (socket) => {
        const write = () => {
          // Given up while it connected: it must not leave any more.
          if (request.destroyed) return;
          try {
            ready?.();
            request.end(body);
          } catch (refused) {
            reject(refused);
            request.destroy();
          }
        };
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", write);
        else write();
      });
      request.on("response", (response) => {
        readAll(response).then(
          (read) =>
            resolve({
              status: response.statusCode ?? 0,
              statusText: response.statusMessage ?? "",
              headers: response.headers,
              text: () => Promise.resolve(read),
            }),
          reject,
        );
      });
    });

  return {
    send,
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
};

const readAll = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    // Leaving the loop destroys the stream, and the socket with it.
    if (size > LARGEST_ANSWER) throw new Error("the answer is larger than any answer should be");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
};
