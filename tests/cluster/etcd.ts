/** etcd on loopback: one member, nothing waits for a disk. */

import { z } from "zod";
import { createServerProcess, type ServerProcess } from "./server-process.ts";
import type { PlaneFolder } from "./plane-folder.ts";

export type Etcd = ServerProcess & {
  /**
   * Forgets all revisions before the current one, in the way in which API servers do it. A running
   * one goes on to serve old revisions from memory: watches for as long as its event window reaches,
   * lists for up to 15 s. After a restart of it all of them answer 410 `Expired`.
   */
  readonly compact: () => Promise<void>;
};

const HTTP_TIMEOUT_MS = 10_000;

export const etcdUrl = ({ ports }: PlaneFolder): string => `http://127.0.0.1:${ports.etcd}`;

export const createEtcd = (binary: string, plane: PlaneFolder): Etcd => {
  const url = etcdUrl(plane);
  const peerUrl = `http://127.0.0.1:${plane.ports.etcdPeer}`;
  const server = createServerProcess({
    name: "etcd",
    binary,
    folder: plane.path,
    isReady: () => isHealthy(url),
    flags: [
      "--data-dir=etcd",
      "--unsafe-no-fsync",
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      // A member without peers need not wait long to elect itself.
      "--heartbeat-interval=50",
      "--election-timeout=250",
      "--quota-backend-bytes=8589934592",
      "--log-level=warn",
    ],
  });
  return { ...server, compact: () => compact(url) };
};

const isHealthy = async (url: string): Promise<boolean> => {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(HTTP_TIMEOUT_MS) });
    return answer.ok;
  } catch {
    return false;
  }
};

/** 64-bit numbers are strings in etcd's JSON. */
const rangeAnswer = z.object({ header: z.object({ revision: z.string() }) });

const compact = async (url: string): Promise<void> => {
  const key = Buffer.from("compact_rev_key").toString("base64");
  const { header } = rangeAnswer.parse(await post(`${url}/v3/kv/range`, { key }));
  // API servers watch this key, and forget the lists that they hold of earlier revisions.
  const value = Buffer.from(header.revision).toString("base64");
  await post(`${url}/v3/kv/put`, { key, value });
  await post(`${url}/v3/kv/compaction`, { revision: header.revision, physical: true });
};

const post = async (url: string, body: unknown): Promise<unknown> => {
  const answer = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
