/**
 * What an executor finds in its file system, and where.
 *
 * The keys of each account are a volume of their own, so that the kubelet swaps a set of them at
 * once by the link that `runtime/keys.ts` reads through. A source that is optional may lack the
 * Secret, and of a Secret any of the listed keys: the kubelet's MakePayload skips what is not there
 * (pkg/volume/secret/secret.go, for projected volumes too). So the pod starts without keys and waits
 * for them. The token is not optional: without it nobody could ask the executor anything.
 */

import type { LiveStrategy } from "#crds/live-strategy.ts";
import { SPEC_KEY } from "./config-map.ts";
import { childName } from "./identity.ts";
import type { WorkloadSettings } from "./workload-settings.ts";

const TOKEN_KEY = "token";

/** The folder of one strategy in its volume: memory of another one of this name is left alone. */
const STATE_MOUNT = "/var/lib/scalp";
const SPEC_MOUNT = "/etc/scalp/spec";
const TOKEN_MOUNT = "/etc/scalp/token";
const DEDICATED_KEYS_MOUNT = "/etc/scalp/keys/dedicated";
const DEFAULT_KEYS_MOUNT = "/etc/scalp/keys/default";

/** Read by the owner and the group, which is the executor's. */
const SECRET_MODE = 0o440;

const dedicatedSecretOf = ({ spec }: LiveStrategy) => spec.exchange.credentialsSecretRef?.name;

/** The paths that `executor/main.ts` and `runtime/keys.ts` read. Nothing in them is secret. */
export const pathVariablesOf = (strategy: LiveStrategy): Readonly<Record<string, string>> => ({
  SCALP_SPEC_FILE: `${SPEC_MOUNT}/${SPEC_KEY}`,
  SCALP_STATE_DIR: `${STATE_MOUNT}/${strategy.metadata.uid}`,
  SCALP_TOKEN_FILE: `${TOKEN_MOUNT}/${TOKEN_KEY}`,
  ...(dedicatedSecretOf(strategy) !== undefined && {
    SCALP_DEDICATED_KEYS_DIR: DEDICATED_KEYS_MOUNT,
  }),
  SCALP_DEFAULT_KEYS_DIR: DEFAULT_KEYS_MOUNT,
});

export const mountsOf = (strategy: LiveStrategy) => [
  { name: "state", mountPath: STATE_MOUNT },
  { name: "spec", mountPath: SPEC_MOUNT, readOnly: true },
  { name: "token", mountPath: TOKEN_MOUNT, readOnly: true },
  ...(dedicatedSecretOf(strategy) === undefined
    ? []
    : [{ name: "keys-dedicated", mountPath: DEDICATED_KEYS_MOUNT, readOnly: true }]),
  { name: "keys-default", mountPath: DEFAULT_KEYS_MOUNT, readOnly: true },
  { name: "tmp", mountPath: "/tmp" },
];

export const volumesOf = (strategy: LiveStrategy, settings: WorkloadSettings) => {
  const name = childName(strategy);
  const dedicated = dedicatedSecretOf(strategy);
  return [
    { name: "state", persistentVolumeClaim: { claimName: name } },
    {
      name: "spec",
      configMap: { name, defaultMode: SECRET_MODE, items: [{ key: SPEC_KEY, path: SPEC_KEY }] },
    },
    {
      name: "token",
      projected: {
        defaultMode: SECRET_MODE,
        sources: [{ secret: { name: settings.tokenSecret, items: filesOf([TOKEN_KEY]) } }],
      },
    },
    ...(dedicated === undefined ? [] : [keysVolume("keys-dedicated", dedicated)]),
    keysVolume("keys-default", settings.defaultCredentialsSecret),
    { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
  ];
};

const keysVolume = (name: string, secret: string) => ({
  name,
  projected: {
    defaultMode: SECRET_MODE,
    sources: [
      {
        secret: {
          name: secret,
          items: filesOf(["apiKey", "secret", "passphrase"]),
          optional: true,
        },
      },
    ],
  },
});

const filesOf = (keys: ReadonlyArray<string>) => keys.map((key) => ({ key, path: key }));
