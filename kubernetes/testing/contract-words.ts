/** How the cases of the contract speak. */

import type { Result } from "#base/result.ts";
import type { ApiError, KubeApi } from "../api.ts";
import type { KubeObject, Manifest } from "../object.ts";
import { configMaps } from "../resource.ts";

export type ContractCase = {
  readonly name: string;
  /** The namespace exists, and is the case's own. */
  readonly run: (api: KubeApi, namespace: string) => Promise<void>;
};

export const fieldManager = "contract";

export const value = <T>(result: Result<T, ApiError>): T => {
  if (!result.ok) throw new Error(`${result.error.kind}: ${result.error.message}`);
  return result.value;
};

export const kind = (result: Result<unknown, ApiError>): string =>
  result.ok ? "Ok" : result.error.kind;

type Content = { readonly data?: object; readonly metadata?: Partial<Manifest["metadata"]> };

export const map = (
  namespace: string,
  name: string,
  { data, metadata }: Content = {},
): Manifest => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { ...metadata, namespace, name },
  ...(data !== undefined && { data }),
});

export const createMap = async (
  api: KubeApi,
  namespace: string,
  name: string,
  content?: Content,
): Promise<KubeObject> =>
  value(await api.create(configMaps, map(namespace, name, content), { fieldManager }));
