/**
 * An account as a Secret that the kubelet can mount for an executor (`operator/kube/volumes.ts`).
 *
 * The one place where keys are revealed. They are base64, as the API server stores them: nothing in
 * a key can then mean anything to a reader of YAML.
 */

import { partNames } from "#runtime/keys.ts";
import { toYaml } from "#runtime/yaml.ts";
import type { Account } from "./accounts.ts";

/** One YAML document. */
export const secretManifest = (
  { secretName, keys }: Account,
  namespace: string | undefined,
): string =>
  `---\n${toYaml({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secretName, ...(namespace !== undefined && { namespace }) },
    type: "Opaque",
    data: Object.fromEntries(
      partNames.map((part) => [part, Buffer.from(keys[part].reveal(), "utf8").toString("base64")]),
    ),
  })}`;
