/** Where the strategies are is said once, and completely. */

import { expect, test } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Env } from "#runtime/env.ts";
import { readTokens, readVariables } from "./aggregator.ts";

const both = {
  SCALP_STATIC_DIR: "/page",
  SCALP_API_TOKEN_FILE: "/api-token",
  SCALP_TOKEN_FILE: "/token",
};
const session = { SCALP_FLEET_DIR: "/session/cluster" };
const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const clock = { SCALP_CLOCK: "{}" };

test.each<readonly [what: string, env: Env]>([
  ["a session", session],
  ["a session with a clock of its own", { ...session, ...clock }],
  ["a session inside of a pod", { ...session, ...pod }],
  ["a pod", pod],
  ["a pod that looks at all namespaces", { ...pod, SCALP_WATCH_NAMESPACE: "*" }],
  ["a kubeconfig", { KUBECONFIG: "/kubeconfig" }],
  ["a kubeconfig inside of a pod", { ...pod, KUBECONFIG: "/kubeconfig" }],
])("%s is enough", (_what, env) => {
  expect(readVariables({ ...both, ...env })).toMatchObject({ ok: true, value: both });
});

const either = "the strategies are those of a session or those of a cluster, so unset one";
const noFolder =
  "environment variable SCALP_FLEET_DIR is not set, nor is KUBECONFIG, and this is not a pod: name the folder of a session, or a kubeconfig";
const noClock =
  "environment variable SCALP_CLOCK is set and SCALP_FLEET_DIR is not: only a session has a clock of its own, so unset it or name the session's folder";

test.each<readonly [env: Env, problems: ReadonlyArray<string>]>([
  [
    { ...session, KUBECONFIG: "/kubeconfig" },
    [`environment variables SCALP_FLEET_DIR and KUBECONFIG are both set: ${either}`],
  ],
  [
    { ...session, SCALP_WATCH_NAMESPACE: "trading" },
    [`environment variables SCALP_FLEET_DIR and SCALP_WATCH_NAMESPACE are both set: ${either}`],
  ],
  [{ ...pod, ...clock }, [noClock]],
  [{}, [noFolder]],
  [clock, [noClock, noFolder]],
])("%j is refused", (env, problems) => {
  expect(readVariables({ ...both, ...env })).toEqual({ ok: false, error: problems.join("\n") });
});

test("every problem is told at once", () => {
  const read = readVariables({ SCALP_PORT: "many", ...clock });
  const named = (read.ok ? "" : read.error).match(/SCALP_\w+/g);
  expect(new Set(named)).toEqual(
    new Set(["SCALP_CLOCK", "SCALP_FLEET_DIR", "SCALP_PORT", ...Object.keys(both)]),
  );
});

test("a token that is absent or empty is refused: an empty one would let anybody in", () => {
  const folder = mkdtempSync(join(tmpdir(), "tokens-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const good = file("good", "abc\n");
  const empty = file("empty", " \n");
  const tokens = (api: string, executors: string) =>
    readTokens({ SCALP_API_TOKEN_FILE: api, SCALP_TOKEN_FILE: executors });
  const read = tokens(good, good);
  expect(read.ok && read.value.token.reveal()).toBe("abc");
  expect(tokens(empty, good)).toEqual({
    ok: false,
    error: `environment variable SCALP_API_TOKEN_FILE: ${empty} is empty`,
  });
  expect(tokens(good, join(folder, "absent"))).toMatchObject({
    ok: false,
    error: expect.stringMatching(/^environment variable SCALP_TOKEN_FILE: .*ENOENT/),
  });
});
