import { expect, test } from "@jest/globals";
import type { KubeObject } from "#kubernetes/object.ts";
import { pack, unpack } from "./packed.ts";

const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "executor-a", namespace: "trading", uid: "u", resourceVersion: "7" },
  spec: { replicas: 1, template: { spec: { containers: [{ name: "executor" }] } } },
  status: { replicas: 1 },
};

test("what is unpacked is what was packed, but for its status", () => {
  const { status: _status, ...rest } = deployment;
  expect(unpack(pack(deployment))).toEqual(rest);
  expect(unpack(deployment)).toBe(deployment);
});

test("packed, only metadata is an object; packing again changes nothing", () => {
  const packed = pack(deployment);
  expect(Object.keys(packed)).toEqual(["apiVersion", "kind", "metadata", "packed"]);
  expect(pack(packed)).toBe(packed);
});
