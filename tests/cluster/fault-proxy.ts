/**
 * A network between a client and a server that breaks in the ways of networks, on command. It knows
 * bytes only: what an HTTP server answers when it is in trouble is `fault-front.ts`.
 *
 * A connection that fell into a black hole never comes back: bytes of it are lost, as those of a
 * peer that has gone without a word. `heal` is for connections from then on.
 */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { z } from "zod";

export type FaultProxy = {
  readonly port: number;
  /** New connections are refused; those that stand go on. */
  readonly refuse: () => Promise<void>;
  /** RST on every connection that stands. */
  readonly reset: () => void;
  /** Connections stand, new ones are accepted, and nothing comes through: no byte, no FIN, no RST. */
  readonly blackHole: () => void;
  /** Each piece of data waits so long. */
  readonly delay: (ms: number) => void;
  /** RST on each connection once it has carried so many more bytes from the server. */
  readonly cutAfter: (bytes: number) => void;
  readonly heal: () => Promise<void>;
  readonly openConnections: () => number;
  readonly close: () => Promise<void>;
};

type Link = {
  readonly client: Socket;
  readonly server: Socket | undefined;
  bytesLeft: number;
  isLost: boolean;
};

type State = {
  readonly target: number;
  readonly links: Set<Link>;
  isHole: boolean;
  delayMs: number;
  cutAfterBytes: number;
};

const HOST = "127.0.0.1";

export const startFaultProxy = async (target: number): Promise<FaultProxy> => {
  const state: State = {
    target,
    links: new Set(),
    isHole: false,
    delayMs: 0,
    cutAfterBytes: Infinity,
  };
  // A client's FIN must not be answered out of a black hole.
  const server = createServer({ allowHalfOpen: true }, (client) => accept(state, client));
  const port = await listen(server, 0);
  const stopListening = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await systemTurn();
  };
  return {
    port,
    refuse: stopListening,
    reset: () => {
      for (const link of state.links) reset(link);
    },
    blackHole: () => {
      state.isHole = true;
      for (const link of state.links) lose(link);
    },
    delay: (ms) => {
      state.delayMs = ms;
    },
    cutAfter: (bytes) => {
      state.cutAfterBytes = bytes;
      for (const link of state.links) link.bytesLeft = bytes;
    },
    heal: async () => {
      Object.assign(state, { isHole: false, delayMs: 0, cutAfterBytes: Infinity });
      for (const link of state.links) link.bytesLeft = Infinity;
      if (!server.listening) await listen(server, port);
    },
    openConnections: () => state.links.size,
    close: async () => {
      await stopListening();
      for (const { client, server: upstream } of state.links) {
        client.destroy();
        upstream?.destroy();
      }
    },
  };
};

/** The kernel's backlog is gone with the turn of the loop in which the listener closes. */
const systemTurn = (): Promise<void> => sleep(systemClock, 1);

const listen = async (server: Server, port: number): Promise<number> => {
  server.listen(port, HOST);
  await once(server, "listening");
  return z.object({ port: z.number() }).parse(server.address()).port;
};

const accept = (state: State, client: Socket): void => {
  const server = state.isHole ? undefined : connect(state.target, HOST);
  const link: Link = { client, server, bytesLeft: state.cutAfterBytes, isLost: state.isHole };
  state.links.add(link);
  client.once("close", () => {
    state.links.delete(link);
    server?.destroy();
  });
  client.on("error", ignore);
  if (server === undefined) {
    client.resume();
    return;
  }
  server.on("error", () => reset(link));
  server.once("close", () => link.isLost || client.destroy());
  carry(state, link, { from: client, to: server });
  carry(state, link, { from: server, to: client });
};

/** A reset connection reports itself as an error, here too. */
const ignore = (): void => {};

const carry = (
  state: State,
  target: Link,
  { from, to }: { readonly from: Socket; readonly to: Socket },
): void => {
  const link = target;
  // One after the other, so that a change of the delay does not change their order.
  let last = Promise.resolve();
  const inOrder = (act: () => void): void => {
    const { delayMs } = state;
    const before = last;
    const turn = async (): Promise<void> => {
      await before;
      if (delayMs > 0) await sleep(systemClock, delayMs);
      if (!link.isLost) act();
    };
    last = turn();
  };
  from.on("data", (chunk: Buffer) => {
    if (link.isLost) return;
    if (from === link.server) link.bytesLeft -= chunk.length;
    if (link.bytesLeft < 0) reset(link);
    else inOrder(() => void to.write(chunk));
  });
  from.on("end", () => inOrder(() => void to.end()));
};

const reset = (target: Link): void => {
  const link = target;
  if (!link.isLost) link.client.resetAndDestroy();
  link.server?.destroy();
};

const lose = (target: Link): void => {
  const link = target;
  link.isLost = true;
  link.server?.destroy();
};
