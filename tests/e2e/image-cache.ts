/**
 * The images of a cluster as archives, kept until something in them changes: scenarios start many
 * clusters, and making images takes longer than all the rest of it.
 *
 * There is one place for them, which whoever has other contents takes over. So they are made and
 * loaded while the machine is claimed (cluster.ts).
 */

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { processEnv } from "#runtime/env.ts";
import { cacheFolder } from "../cluster/binaries.ts";
import { buildOnce } from "../cluster/build.ts";
import { PAUSE_IMAGE } from "./containerd.ts";
import { openImageShop } from "./image-shop.ts";
import {
  buildBaseImage,
  buildFiles,
  buildPauseImage,
  buildProjectImage,
  filesDigest,
  PROJECT_IMAGE,
} from "./images.ts";

/** Paths of archives; `pause` is the program that holds a pod. */
export const findImages = async (pause: string): Promise<ReadonlyArray<string>> => {
  await buildFiles();
  const digest = filesDigest(pause);
  const folder = join(cacheFolder({ env: processEnv(), home: homedir() }), "images");
  const digestFile = join(folder, "digest");
  await buildOnce({
    folder,
    isThere: () => existsSync(digestFile) && readFileSync(digestFile, "utf8") === digest,
    make: async (into) => {
      await makeArchives(into, pause);
      writeFileSync(join(into, "digest"), digest);
    },
  });
  return ARCHIVES.map((name) => join(folder, name));
};

const ARCHIVES = ["pause.tar", "project.tar"];

const makeArchives = async (into: string, pause: string): Promise<void> => {
  const work = join(into, "work");
  const shop = openImageShop(join(work, "shop"));
  await buildBaseImage(shop, work);
  await buildProjectImage(shop, work);
  await buildPauseImage(shop, work, pause);
  renameSync(await shop.archive(PAUSE_IMAGE), join(into, "pause.tar"));
  renameSync(await shop.archive(PROJECT_IMAGE), join(into, "project.tar"));
  rmSync(work, { recursive: true });
};
