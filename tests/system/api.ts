/** The aggregator of a session of `scalp up`, asked over HTTP and listened to over its live socket. */

import { z } from "zod";
import { is, type Run } from "./session.ts";

export type Api = {
  /** Status code and body. */
  readonly ask: (path: string, method?: "GET" | "POST") => Promise<readonly [number, unknown]>;
  /** The first push of /ws/live whose executors' status satisfies, now or later. */
  readonly pushed: (isWanted: (status: FleetStatus) => boolean) => Promise<FleetStatus>;
};

const executor = z.object({
  connected: z.boolean(),
  exchange_balance: z.number().nullable(),
  positions: z.array(
    z.object({ symbol: z.string(), strategy_name: z.string(), sl_price: z.number().nullable() }),
  ),
});
const fleetStatus = executor.extend({
  enabled: z.boolean(),
  per_strategy: z.record(z.string(), executor),
});
export type FleetStatus = z.infer<typeof fleetStatus>;

export const apiOf = async (run: Run): Promise<Api> => {
  const { pageUrl } = await run.until(is("ready"));
  const { host, hash } = new URL(z.string().parse(pageUrl));
  const token = hash.replace("#t=", "");
  return {
    ask: async (path, method = "GET") => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`http://${host}${path}`, { method, headers });
      return [response.status, await response.json()];
    },
    pushed: async (isWanted) => {
      const socket = new WebSocket(`ws://${host}/ws/live`, ["bearer", token]);
      const found = await new Promise<FleetStatus>((resolve) => {
        socket.addEventListener("message", ({ data }) => {
          // Nobody is known yet while the first executors start: that push has another form.
          const update = z.object({ executor: z.unknown() }).parse(JSON.parse(String(data)));
          const status = fleetStatus.safeParse(update.executor);
          if (status.success && isWanted(status.data)) resolve(status.data);
        });
      });
      socket.close();
      return found;
    },
  };
};
