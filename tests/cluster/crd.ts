/** Our own resource on a test's control plane, from the file that users apply. */

import { join } from "node:path";
import type { ControlPlane } from "./control-plane.ts";
import { until } from "./until.ts";

const FILE = join(import.meta.dirname, "../../crds/scalpradar.io_livestrategies.yaml");
const LIST = "/apis/scalpradar.io/v1alpha1/livestrategies";

/** Resolves once LiveStrategies are served, and kubectl has their short name in its cache. */
export const installCrd = async ({
  kubectl,
  call,
}: Pick<ControlPlane, "call" | "kubectl">): Promise<void> => {
  const applied = await kubectl(["apply", "--server-side", `--filename=${FILE}`]);
  if (applied.code !== 0) throw new Error(`the CRD is refused:\n${applied.stderr}`);
  await until("LiveStrategies are served", async () => (await call("GET", LIST)).status === 200);
  await until(
    "kubectl knows them",
    async () => (await kubectl(["get", "lstrat", "-A"])).code === 0,
  );
};
