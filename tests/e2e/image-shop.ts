/**
 * Makes images without a container engine, a registry or a network: buildah, with all that it stores
 * in one folder.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { run } from "./command.ts";

export type ImageShop = {
  /** Answers the digest of the image's configuration, which covers all of its layers. */
  readonly build: (order: ImageOrder) => Promise<string>;
  readonly inspect: (image: string) => Promise<ImageDetails>;
  /** Its files as a folder, for as long as `use` takes. */
  readonly unpacked: <T>(image: string, use: (folder: string) => T) => Promise<T>;
  /** Path of an archive that container runtimes take. */
  readonly archive: (image: string) => Promise<string>;
  readonly close: () => void;
};

export type ImageOrder = {
  /** Its name and tag. */
  readonly image: string;
  readonly dockerfile: string;
  /** The folder that it copies from. */
  readonly context: string;
  readonly args?: Readonly<Record<string, string>>;
};

/** The date of every file and of the image, so that only contents make a difference. */
const TIMESTAMP_SECONDS = 1_767_225_600;

const details = z.object({
  OCIv1: z.object({
    config: z.object({
      User: z.string().default(""),
      Env: z.array(z.string()).default([]),
      Entrypoint: z.array(z.string()).default([]),
      Labels: z.record(z.string(), z.string()).default({}),
    }),
    rootfs: z.object({ diff_ids: z.array(z.string()) }),
  }),
});

export type ImageDetails = z.infer<typeof details>["OCIv1"];

export const openImageShop = (folder: string): ImageShop => {
  mkdirSync(folder, { recursive: true });
  const policy = join(folder, "policy.json");
  writeFileSync(policy, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  const storage = [`--root=${join(folder, "root")}`, `--runroot=${join(folder, "run")}`];
  const buildah = (...args: ReadonlyArray<string>): Promise<string> =>
    run("buildah", ["--storage-driver=vfs", ...storage, ...args]);
  let archives = 0;
  return {
    build: async ({ image, dockerfile, context, args = {} }) => {
      const idFile = join(folder, "id");
      await buildah(
        "build",
        `--signature-policy=${policy}`,
        "--isolation=chroot",
        "--pull-never",
        "--no-cache",
        `--timestamp=${TIMESTAMP_SECONDS}`,
        `--iidfile=${idFile}`,
        ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
        `--tag=${image}`,
        `--file=${dockerfile}`,
        context,
      );
      return readFileSync(idFile, "utf8");
    },
    inspect: async (image) =>
      details.parse(JSON.parse(await buildah("inspect", "--type=image", image))).OCIv1,
    unpacked: async (image, use) => {
      const from = ["from", "--pull-never", `--signature-policy=${policy}`, image];
      const container = (await buildah(...from)).trim();
      try {
        return use((await buildah("mount", container)).trim());
      } finally {
        await buildah("rm", container);
      }
    },
    archive: async (image) => {
      archives += 1;
      const path = join(folder, `${archives}.tar`);
      await buildah("push", `--signature-policy=${policy}`, image, `oci-archive:${path}:${image}`);
      return path;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
};
