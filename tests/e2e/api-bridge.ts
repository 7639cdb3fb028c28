/**
 * The way from the node to the API server, which listens on loopback only: the same port on the
 * machine's end of the cable, connection by connection. TLS passes through as it is.
 */

import { connect, createServer, type Socket } from "node:net";
import { HOST_ADDRESS } from "./network.ts";

export const bridgeToLoopback = (
  port: number,
): Promise<{ readonly close: () => Promise<void> }> => {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      // Either end may vanish at any time, and takes the other one with it.
      one.on("error", () => undefined);
      one.once("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST_ADDRESS, () =>
      resolve({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of open) socket.destroy();
          }),
      }),
    );
  });
};
