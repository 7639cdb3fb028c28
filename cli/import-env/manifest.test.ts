import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { volumesOf } from "#operator/kube/volumes.ts";
import { strategyOf } from "#operator/testing/samples.ts";
import { settingsOf } from "#operator/testing/workloads.ts";
import { resolveKeys } from "#runtime/keys.ts";
import { secret } from "#runtime/secret.ts";
import { parseYaml } from "#runtime/yaml.ts";
import { DEFAULT_SECRET, importAccounts, type Account } from "./accounts.ts";
import { readEnvFile } from "./env-file.ts";
import { secretManifest } from "./manifest.ts";

const accountOf = (apiKey: string, key = "b", passphrase = "c"): Account => ({
  strategy: "grid-atr",
  secretName: "bitget-grid-atr",
  keys: { apiKey: secret(apiKey), secret: secret(key), passphrase: secret(passphrase) },
});

const manifest = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Secret"),
  metadata: z.strictObject({ name: z.string(), namespace: z.string().optional() }),
  type: z.literal("Opaque"),
  data: z.record(z.string(), z.base64()),
});

const readManifest = (text: string) => {
  const documents = parseYaml(text);
  if (!documents.ok) throw new Error(documents.error.map(({ words }) => words).join("; "));
  const { metadata, data } = manifest.parse(documents.value[0]?.value);
  const decoded = Object.entries(data).map(([part, value]) => [
    part,
    Buffer.from(value, "base64").toString("utf8"),
  ]);
  return { metadata, data: z.record(z.string(), z.string()).parse(Object.fromEntries(decoded)) };
};

test("a namespace stands in it only where one was named", () => {
  const text = secretManifest(accountOf("a"), "trading");
  expect(readManifest(text).metadata).toEqual({ name: "bitget-grid-atr", namespace: "trading" });
  const plain = secretManifest(accountOf("a"), undefined);
  expect(readManifest(plain).metadata).toEqual({ name: "bitget-grid-atr" });
});

test.each([
  "yes",
  "0777",
  "1e10",
  "null",
  "~",
  "- a",
  "a: b # c",
  "'\"`",
  "{{ .Values.x }}",
  "%s $x ${y}",
  "clé 🔑 \u2028 \uFEFFx",
  " inner  blanks",
])("%j comes through YAML and base64 as it is", (value) => {
  const { data } = readManifest(secretManifest(accountOf(value, value, value), undefined));
  expect(data).toEqual({ apiKey: value, secret: value, passphrase: value });
});

test("so does every text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const { data } = readManifest(secretManifest(accountOf(text), undefined));
      expect(data).toEqual({ apiKey: text, secret: "b", passphrase: "c" });
    }),
  );
});

const source = [
  "BITGET_API_KEY=all-key",
  "BITGET_SECRET=all-secret",
  "BITGET_PASSPHRASE=all-phrase",
  "BITGET_API_KEY_GRID_ATR=own-key",
  "BITGET_SECRET_GRID_ATR=own-secret",
  "BITGET_PASSPHRASE_GRID_ATR='odd #1'",
].join("\n");

test("the Secrets have the names and keys that the operator mounts, and the executor finds", () => {
  const { accounts } = importAccounts(readEnvFile(source));
  const [all, own] = accounts.map((account) => readManifest(secretManifest(account, undefined)));
  if (all === undefined || own === undefined) throw new Error("there are two accounts");
  const exchange = { id: "bitget", environment: "Live", acknowledgeRealMoney: true } as const;
  const strategy = strategyOf({
    exchange: {
      ...exchange,
      marginMode: "crossed",
      credentialsSecretRef: { name: own.metadata.name },
    },
  });
  const settings = settingsOf({ defaultCredentialsSecret: all.metadata.name });
  const mounted = new Map(
    volumesOf(strategy, settings).flatMap((volume) =>
      ("projected" in volume ? volume.projected.sources : []).map((projected) => [
        projected.secret.name,
        projected.secret.items.map(({ key, path }) => `${key} at ${path}`),
      ]),
    ),
  );
  for (const { metadata, data } of [all, own]) {
    const keys = Object.keys(data).map((key) => `${key} at ${key}`);
    expect(mounted.get(metadata.name)).toEqual(keys);
  }
  const keys = resolveKeys({
    strategy: "grid-atr",
    dedicatedFolder: folderOf(own.data),
    defaultFolder: folderOf(all.data),
  });
  if (!keys.ok) throw new Error(keys.error);
  const { apiKey, secret: key, passphrase, dedicated } = keys.value;
  expect([apiKey.reveal(), key.reveal(), passphrase.reveal(), dedicated]).toEqual([
    "own-key",
    "own-secret",
    "odd #1",
    true,
  ]);
});

/** As the kubelet lays a Secret out. */
const folderOf = (data: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "import-env-"));
  for (const [name, text] of Object.entries(data)) writeFileSync(join(folder, name), text);
  return folder;
};

const valuesFile = z.object({ defaultCredentialsSecret: z.string() });
const strategyFile = z.object({
  spec: z.object({
    exchange: z.object({ credentialsSecretRef: z.object({ name: z.string() }) }),
  }),
});
const documentIn = (path: string): unknown => {
  const documents = parseYaml(readFileSync(path, "utf8"));
  return documents.ok ? documents.value[0]?.value : documents.error;
};

test("the names are those of the chart and of the project's own manifests", () => {
  const { defaultCredentialsSecret } = valuesFile.parse(
    documentIn("charts/scalp-radar/values.yaml"),
  );
  expect(defaultCredentialsSecret).toBe(DEFAULT_SECRET);
  const { spec } = strategyFile.parse(documentIn("config/strategies/grid-atr.yaml"));
  const [, own] = importAccounts(readEnvFile(source)).accounts;
  expect(own?.secretName).toBe(spec.exchange.credentialsSecretRef.name);
});
