/**
 * A second API server of the same cluster, with flags of its own: the same storage, the same
 * identities and certificate, another port.
 */

import { readFileSync } from "node:fs";
import { openApiCalls } from "./api-call.ts";
import { findBinaries } from "./binaries.ts";
import type { ControlPlane } from "./control-plane.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";

export type SecondApiServer = ServerProcess & { readonly url: string };

/** Ports of a plane's block that none of its own servers takes. */
const PORT_AFTER_FIRST = 5;

export const startSecondApiServer = async (
  plane: ControlPlane,
  flags: ReadonlyArray<string>,
): Promise<SecondApiServer> => {
  const port = Number(new URL(plane.url).port) + PORT_AFTER_FIRST;
  const first = readFileSync(`/proc/${plane.apiServer.pid()}/cmdline`, "utf8");
  const inherited = first.split("\0").filter((flag) => flag.startsWith("--"));
  const calls = openApiCalls({ port, ca: plane.ca, token: plane.adminToken });
  const server = createServerProcess({
    name: "kube-apiserver-2",
    binary: (await findBinaries())["kube-apiserver"],
    folder: plane.folder,
    flags: [
      ...inherited.filter((flag) => !flag.startsWith("--secure-port=")),
      `--secure-port=${port}`,
      ...flags,
    ],
    isReady: async () => {
      try {
        return (await calls.call("GET", "/readyz")).status === 200;
      } catch {
        return false;
      }
    },
  });
  await server.start();
  return {
    ...server,
    url: `https://127.0.0.1:${port}`,
    stop: async () => {
      calls.close();
      await server.stop();
    },
  };
};
