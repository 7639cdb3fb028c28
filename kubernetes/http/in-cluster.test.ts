import { afterAll, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import { ok } from "#base/result.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { loadInCluster } from "./in-cluster.ts";

const clock = createVirtualTime(millis(0), 1);
const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

const root = mkdtempSync(join(tmpdir(), "service-account-"));
afterAll(() => rmSync(root, { recursive: true }));
const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(root, "case-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};
const files = { token: "abc\n", "ca.crt": "-----BEGIN CERTIFICATE-----", namespace: "trading\n" };

test("a pod finds its server, the authority, its token and its namespace", async () => {
  const loaded = await loadInCluster({ clock }, env, folderWith(files));
  if (!loaded.ok) throw new Error(loaded.error);
  expect(loaded.value).toMatchObject({
    url: "https://10.0.0.1:443",
    tls: { ca: files["ca.crt"], verify: true, cert: undefined, serverName: undefined },
    headers: {},
    namespace: "trading",
  });
  expect(await loaded.value.credentials.authorization()).toEqual(ok("Bearer abc"));
});

test("an IPv6 address is put in brackets", async () => {
  const dual = { ...env, KUBERNETES_SERVICE_HOST: "fd00::1" };
  const loaded = await loadInCluster({ clock }, dual, folderWith(files));
  expect(loaded).toMatchObject({ value: { url: "https://[fd00::1]:443" } });
});

test.each([
  ["no host", { KUBERNETES_SERVICE_PORT: "443" }],
  ["no port", { KUBERNETES_SERVICE_HOST: "10.0.0.1" }],
])("with %s in the environment this is no pod", async (_, environment) => {
  expect(await loadInCluster({ clock }, environment, folderWith(files))).toEqual({
    ok: false,
    error:
      "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is not a pod: " +
      "give a kubeconfig.",
  });
});

test.each([
  ["ca.crt", "automountServiceAccountToken"],
  ["token", "check that it is mounted and readable"],
])("without %s the sentence names the file and what to do", async (missing, advice) => {
  const folder = folderWith(
    Object.fromEntries(Object.entries(files).filter(([name]) => name !== missing)),
  );
  const loaded = await loadInCluster({ clock }, env, folder);
  expect(loaded).toMatchObject({ ok: false, error: expect.stringContaining(advice) });
  expect(loaded).toMatchObject({ error: expect.stringContaining(join(folder, missing)) });
});

test("without a namespace file it does without", async () => {
  const { namespace: _, ...others } = files;
  const loaded = await loadInCluster({ clock }, env, folderWith(others));
  expect(loaded).toMatchObject({ ok: true, value: { namespace: undefined } });
});
