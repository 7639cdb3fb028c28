/**
 * The metadata that a file may carry: what people write, and what `kubectl get -o yaml` adds to it.
 *
 * The API server checks metadata by itself; this is its stand-in on one machine. What a server sets
 * is accepted and left alone, so that an exported object can be applied again.
 */

import { z } from "zod";

const setByServer = (words: string) =>
  z.unknown().optional().describe(`${words} Set by the server.`);
const texts = (words: string) => z.record(z.string(), z.string()).optional().describe(words);

export const objectMeta = z.strictObject({
  name: z.string().optional().describe("Name of the strategy, unique within its namespace."),
  namespace: z.string().default("default").describe("Namespace of the strategy."),
  labels: texts("Labels by which to select the strategy."),
  annotations: texts("Notes of people and tools."),
  finalizers: z.array(z.string()).optional().describe("What must be done before it may go."),
  uid: setByServer("Identity."),
  generation: setByServer("Version of the spec."),
  resourceVersion: setByServer("Version of the object."),
  creationTimestamp: setByServer("When it was created."),
  deletionTimestamp: setByServer("When it was deleted."),
  deletionGracePeriodSeconds: setByServer("How long it may take to go."),
  ownerReferences: setByServer("What owns it."),
  managedFields: setByServer("Who wrote what."),
  selfLink: setByServer("Address."),
});
