/** What the aggregator says of an executor, to whoever shows the token. */

import { z } from "zod";

/** What it says of one executor. */
export const executorSaid = z.object({
  connected: z.boolean(),
  stale: z.boolean(),
  as_of: z.string().nullable(),
  positions: z
    .array(z.object({ symbol: z.string(), direction: z.string(), quantity: z.number() }))
    .nullable(),
});

/** Status and body. */
export const askAggregator = async (strategy: string, url: string, token: string | undefined) => {
  const headers = token === undefined ? {} : { "X-API-Key": token };
  const answer = await fetch(`${url}/api/executor/status?strategy=${strategy}`, { headers });
  const body: unknown = await answer.json();
  return { status: answer.status, body };
};
