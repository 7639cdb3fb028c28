import { expect, test } from "@jest/globals";
import { resourcesOf } from "./resources.ts";
import { DEFAULT_RESOURCES } from "./workload-settings.ts";

type Lists = Parameters<typeof resourcesOf>[0];

const usual = { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } };

const cases: ReadonlyArray<readonly [name: string, asked: Lists, expected: Lists]> = [
  ["nothing: the defaults, without a limit of the processor", {}, usual],
  ["empty lists", { requests: {}, limits: {} }, usual],
  [
    "one request",
    { requests: { cpu: "0.2" } },
    { ...usual, requests: { cpu: "200m", memory: "128Mi" } },
  ],
  [
    "nothing of something",
    { requests: { cpu: 0 } },
    { ...usual, requests: { cpu: "0", memory: "128Mi" } },
  ],
  [
    "a limit of the processor",
    { limits: { cpu: 1 } },
    { requests: usual.requests, limits: { cpu: "1", memory: "256Mi" } },
  ],
  [
    "a request above the usual limit, which gives way",
    { requests: { memory: "0.5Gi" } },
    { requests: { cpu: "50m", memory: "512Mi" }, limits: { memory: "512Mi" } },
  ],
  [
    "a limit below the usual request, which gives way",
    { limits: { memory: "100Mi", cpu: "20m" } },
    { requests: { cpu: "20m", memory: "100Mi" }, limits: { cpu: "20m", memory: "100Mi" } },
  ],
  [
    "both, as they are given",
    { requests: { memory: "64Mi" }, limits: { memory: "1024Mi" } },
    { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "1Gi" } },
  ],
];

test.each(cases)("asked for %s", (_name, asked, expected) => {
  expect(resourcesOf(asked, DEFAULT_RESOURCES)).toEqual(expected);
});

test("a list without an amount is left out, as a server leaves it out", () => {
  expect(resourcesOf({}, { requests: {}, limits: {} })).toEqual({});
  expect(resourcesOf({ limits: { cpu: 1 } }, {})).toEqual({ limits: { cpu: "1" } });
});
