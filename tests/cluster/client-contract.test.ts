/** What the port promises, put to the client and a real API server. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { apiContract } from "#kubernetes/api-contract.ts";
import { startClientWorld, type ClientWorld } from "./client-world.ts";

const TIMEOUT_MS = 60_000;

let world: ClientWorld;
beforeAll(async () => {
  world = await startClientWorld();
}, 45 * TIMEOUT_MS);
afterAll(() => world.close(), TIMEOUT_MS);

test.each(apiContract.map((one, index) => ({ ...one, own: `contract-${index}` })))(
  "over HTTP: $name",
  async ({ run, own }) => {
    const namespace = { metadata: { name: own } };
    expect(await world.plane.call("POST", "/api/v1/namespaces", namespace)).toMatchObject({
      status: 201,
    });
    await run(world.api, own);
  },
  TIMEOUT_MS,
);
