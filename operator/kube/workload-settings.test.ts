/** How the operator is told what an executor gets. */

import { expect, test } from "@jest/globals";
import { DEFAULT_RESOURCES, executorResources } from "./workload-settings.ts";

test.each([
  [undefined, DEFAULT_RESOURCES],
  ["{}", {}],
  ['{"limits":{"memory":"1Gi"}}', { limits: { memory: "1Gi" } }],
  ['{"requests":{"cpu":1}}', { requests: { cpu: 1 } }],
])("%s is read", (text, resources) => {
  expect(executorResources.parse(text)).toEqual(resources);
});

test.each([
  ["{", "must be JSON"],
  ['{"limit":{}}', "Unrecognized key"],
  ['{"limits":{"gpu":"1"}}', "Unrecognized key"],
  ['{"limits":{"memory":""}}', "Too small"],
])("%s is refused", (text, words) => {
  const read = executorResources.safeParse(text);
  expect(read.error?.message).toContain(words);
});
