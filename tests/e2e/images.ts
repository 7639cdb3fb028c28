/**
 * The images of the tests, from nothing but what is on this machine: a base with Node, ours upon it by
 * the one Dockerfile, and the one that holds pods together.
 */

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./command.ts";
import { PAUSE_IMAGE } from "./containerd.ts";
import type { ImageShop } from "./image-shop.ts";

export const PROJECT_IMAGE = "scalp.test/scalp-radar:e2e";
export const BASE_IMAGE = "scalp.test/node:e2e";

const root = join(import.meta.dirname, "../..");

/** What the Dockerfile's stage `builder` would have made of the sources. */
const FILES = [
  "package.json",
  "LICENSE",
  "config",
  "crds/scalpradar.io_livestrategies.yaml",
  "dist",
];

const VERSION = "0.0.0-test";
const REVISION = "0123456789abcdef0123456789abcdef01234567";
const SOURCE = "https://example.com/scalp-radar";
export const LABELS = {
  "org.opencontainers.image.version": VERSION,
  "org.opencontainers.image.revision": REVISION,
  "org.opencontainers.image.source": SOURCE,
};

/** As the Dockerfile does, here: `dist`, where the tests find it too. */
export const buildFiles = async (): Promise<void> => {
  for (const script of ["dashboard/build.js", "build.js"]) {
    await run(process.execPath, [join(root, script)]);
  }
};

/** Of all that an image is made of: other contents, another digest. */
export const filesDigest = (pause: string): string => {
  const hash = createHash("sha256").update(process.version);
  const paths = [...FILES, "Dockerfile"].flatMap((file) =>
    globSync(["", "/**"].map((below) => join(root, file) + below)),
  );
  const code = globSync(join(import.meta.dirname, "image*.ts"));
  for (const path of [...new Set([...paths, ...code, pause])].toSorted()) {
    if (statSync(path).isFile()) hash.update(`${path}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
};

/** `work` is a folder for what goes into an image. */
export const buildProjectImage = (shop: ImageShop, work: string): Promise<string> => {
  const context = join(work, "files");
  for (const file of FILES) copyInto(context, join(root, file), file);
  return shop.build({
    image: PROJECT_IMAGE,
    dockerfile: join(root, "Dockerfile"),
    context,
    args: { BASE_IMAGE, FILES: "context", VERSION, REVISION, SOURCE },
  });
};

/** The running Node with the libraries that it is linked to, and who signs for the servers of the world. */
export const buildBaseImage = async (shop: ImageShop, work: string): Promise<string> => {
  const context = join(work, "base");
  const node = process.execPath;
  copyInto(context, node, "usr/local/bin/node");
  for (const [, path = ""] of (await run("ldd", [node])).matchAll(/(\/\S+) \(0x/g)) {
    copyInto(context, path, path);
  }
  if (existsSync(CERTIFICATES)) copyInto(context, CERTIFICATES, CERTIFICATES);
  return shop.build({
    image: BASE_IMAGE,
    dockerfile: dockerfile(work, "Dockerfile.base", ["FROM scratch", "COPY . /"]),
    context,
  });
};

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

export const buildPauseImage = async (
  shop: ImageShop,
  work: string,
  program: string,
): Promise<string> => {
  const context = join(work, "pause");
  copyInto(context, program, "pause");
  const lines = ["FROM scratch", "COPY . /", "USER 65535:65535", 'ENTRYPOINT ["/pause"]'];
  return shop.build({
    image: PAUSE_IMAGE,
    dockerfile: dockerfile(work, "Dockerfile.pause", lines),
    context,
  });
};

const dockerfile = (work: string, name: string, lines: ReadonlyArray<string>): string => {
  const path = join(work, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
};

/** What a link leads to, under the name of the link. */
const copyInto = (context: string, from: string, to: string): void => {
  const target = join(context, to);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(from, target, { recursive: true, dereference: true });
};
