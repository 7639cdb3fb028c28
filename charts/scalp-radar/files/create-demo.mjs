/**
 * Creates the demo's LiveStrategies, each once: what people have made of one since is left alone.
 *
 * They cannot be in the release itself: Helm asks for their kind before it has made the CRD, and what
 * an upgrade writes would undo what people try out. It asks again until the server has said yes, since
 * the kind is served some seconds after the CRD is there; the Job's deadline ends it.
 */

import { readdirSync, readFileSync } from "node:fs";
import { stdout } from "node:process";
import { setTimeout } from "node:timers/promises";

const [, , folder, namespace, account] = process.argv;
const host = process.env.KUBERNETES_SERVICE_HOST;
const authority = host.includes(":") ? `[${host}]` : host;
const url = `https://${authority}:${process.env.KUBERNETES_SERVICE_PORT}/apis/scalpradar.io/v1alpha1/namespaces/${namespace}/livestrategies`;

const CREATED = 201;
const EXISTS = 409;

const create = async (body) => {
  const headers = {
    authorization: `Bearer ${readFileSync(`${account}/token`, "utf8")}`,
    "content-type": "application/json",
  };
  try {
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(url, { method: "POST", headers, body, signal });
    return { status: answer.status, words: await answer.text() };
  } catch (error) {
    return { status: 0, words: String(error.cause ?? error) };
  }
};

for (const name of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const body = readFileSync(`${folder}/${name}`, "utf8");
  for (;;) {
    const { status, words } = await create(body);
    stdout.write(`${name}: ${status === CREATED ? "created" : words.trim()}\n`);
    if (status === CREATED || status === EXISTS) break;
    await setTimeout(1_000);
  }
}
