/** The client of tests against a real API server, and what they create with it. */

import { Registry } from "prom-client";
import type { KubeApi } from "#kubernetes/api.ts";
import { createHttpApi, type HttpApiOptions } from "#kubernetes/http/client.ts";
import { createConnection, type Connection, type Server } from "#kubernetes/http/connection.ts";
import { loadKubeconfig } from "#kubernetes/http/kubeconfig.ts";
import { createRequestMetrics } from "#kubernetes/metrics.ts";
import type { KubeObject, Manifest } from "#kubernetes/object.ts";
import { configMaps } from "#kubernetes/resource.ts";
import { systemClock } from "#runtime/clock.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";

export const deps = { clock: systemClock, timers: systemClock };
export const namespace = "default";
export const fieldManager = "client-test";

export type OpenedApi = { readonly api: KubeApi; readonly registry: Registry };

export type ClientWorld = OpenedApi & {
  readonly plane: ControlPlane;
  /** As the administrator's kubeconfig has it. */
  readonly server: Server;
  /** A client with connections of its own, and the registry of what it counts. */
  readonly open: (to: Server, options?: Partial<HttpApiOptions>) => OpenedApi;
  readonly create: (name: string) => Promise<KubeObject>;
  readonly close: () => Promise<void>;
};

export const startClientWorld = async (): Promise<ClientWorld> => {
  const plane = await startControlPlane({ audit: true });
  const loaded = await loadKubeconfig(deps, { paths: [plane.kubeconfig()] });
  if (!loaded.ok) throw new Error(loaded.error);
  const connections: Connection[] = [];
  const open: ClientWorld["open"] = (to, options = {}) => {
    const registry = new Registry();
    const metrics = createRequestMetrics(registry, new URL(to.url).host);
    const connection = createConnection({ metrics }, to);
    if (!connection.ok) throw new Error(connection.error);
    connections.push(connection.value);
    const complete = { component: "client-test", ...options };
    return { api: createHttpApi({ ...deps, metrics }, connection.value, complete), registry };
  };
  const opened = open(loaded.value);
  return {
    ...opened,
    plane,
    server: loaded.value,
    open,
    create: async (name) => {
      const created = await opened.api.create(configMaps, configMap(name), { fieldManager });
      if (!created.ok) throw new Error(created.error.message);
      return created.value;
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await plane.close();
    },
  };
};

export const configMap = (name: string, fields: object = {}): Manifest => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data: { is: name },
  ...fields,
});
