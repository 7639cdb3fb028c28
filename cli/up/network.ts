/** Ports of this machine: one that was asked for must be free, one that nobody asked for is found. */

import { createServer } from "node:net";
import { err, ok, type Result } from "#base/result.ts";

const HOST = "127.0.0.1";

/** A sentence when somebody else has it. Port 0 is any free one. */
export const findPort = (port: number, flag: string): Promise<Result<number, string>> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      const why = isTaken ? "is in use by another process" : `cannot be had: ${error.message}`;
      resolve(err(`${flag}: port ${port} on ${HOST} ${why}: choose another one with ${flag}`));
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      const found = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(ok(found)));
    });
  });
