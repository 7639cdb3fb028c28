/**
 * Every version of the objects of a collection as the server tells them: a witness of what was
 * written that shares nothing with our own client.
 */

import { get, type RequestOptions } from "node:https";
import type { ControlPlane } from "./control-plane.ts";

export type Versions = {
  /** What was ADDED and MODIFIED, oldest first. */
  readonly all: () => ReadonlyArray<unknown>;
  readonly stop: () => void;
};

/** From now on, and what is there now. */
export const watchVersions = (
  { url, ca, adminToken }: ControlPlane,
  path: string,
): Promise<Versions> =>
  new Promise((resolve, reject) => {
    const objects: unknown[] = [];
    const options: RequestOptions = {
      ca,
      headers: { authorization: `Bearer ${adminToken}`, "user-agent": "control-plane-test" },
    };
    const asked = get(`${url}${path}?watch=true`, options, (response) => {
      let rest = "";
      response.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split("\n");
        rest = lines.pop() ?? "";
        objects.push(...lines.flatMap(objectIn));
      });
      // The plane ends before the watch does.
      response.on("error", () => undefined);
      resolve({ all: () => objects, stop: () => void asked.destroy() });
    });
    asked.on("error", reject);
  });

const objectIn = (line: string): ReadonlyArray<unknown> => {
  const event: unknown = JSON.parse(line);
  const isVersion =
    typeof event === "object" &&
    event !== null &&
    "type" in event &&
    "object" in event &&
    (event.type === "ADDED" || event.type === "MODIFIED");
  return isVersion ? [event.object] : [];
};
