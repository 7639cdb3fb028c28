/**
 * Volumes on demand: a StorageClass that is the default, and a provisioner that makes a folder of the
 * machine into the volume of each claim that waits for one, as the usual one of small clusters does.
 *
 * A volume is of type `local`, so that the kubelet gives it to the pod's group. It outlives its pods,
 * and goes with its claim.
 */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { NODE_NAME } from "../cluster/api-server.ts";
import type { ControlPlane } from "../cluster/control-plane.ts";

const STORAGE_CLASS = "folder";
const PROVISIONER = "scalpradar.io/test-folder";
const LOOK_EVERY_MS = 250;

export const storageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: {
    name: STORAGE_CLASS,
    annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
  },
  provisioner: PROVISIONER,
  reclaimPolicy: "Delete",
  volumeBindingMode: "Immediate",
};

const claims = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string() }),
      spec: z.object({
        accessModes: z.array(z.string()),
        resources: z.object({ requests: z.object({ storage: z.string() }) }),
        storageClassName: z.string().optional(),
        volumeName: z.string().optional(),
      }),
    }),
  ),
});

type Claim = z.infer<typeof claims>["items"][number];

const volumes = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ phase: z.string().optional() }),
    }),
  ),
});

const CLAIMS = "/api/v1/persistentvolumeclaims";
const VOLUMES = "/api/v1/persistentvolumes";

/** Runs until it is aborted, and never rejects. */
export const provisionVolumes = async (
  { call }: Pick<ControlPlane, "call">,
  folder: string,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      await provisionOnce(call, folder);
    } catch {
      // The server may be down, and is asked again. A claim that stays without is what tests see.
    }
    await sleep(systemClock, LOOK_EVERY_MS, signal);
  }
};

const provisionOnce = async (call: ControlPlane["call"], folder: string): Promise<void> => {
  const listed = claims.safeParse((await call("GET", CLAIMS)).body);
  for (const claim of listed.data?.items ?? []) {
    const { storageClassName, volumeName } = claim.spec;
    if (storageClassName !== STORAGE_CLASS || volumeName !== undefined) continue;
    const path = join(folder, claim.metadata.uid);
    mkdirSync(path, { recursive: true });
    await call("POST", VOLUMES, volumeFor(claim, path));
  }
  const made = volumes.safeParse((await call("GET", VOLUMES)).body);
  for (const { metadata, status } of made.data?.items ?? []) {
    if (status.phase !== "Released" && status.phase !== "Failed") continue;
    await call("DELETE", `${VOLUMES}/${metadata.name}`);
    rmSync(join(folder, metadata.name.slice(PREFIX.length)), { recursive: true, force: true });
  }
};

const PREFIX = "folder-";

const volumeFor = ({ metadata, spec }: Claim, path: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: {
    name: `${PREFIX}${metadata.uid}`,
    annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER },
  },
  spec: {
    accessModes: spec.accessModes,
    capacity: { storage: spec.resources.requests.storage },
    storageClassName: STORAGE_CLASS,
    persistentVolumeReclaimPolicy: "Delete",
    claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", ...metadata },
    local: { path },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          {
            matchExpressions: [
              { key: "kubernetes.io/hostname", operator: "In", values: [NODE_NAME] },
            ],
          },
        ],
      },
    },
  },
});
