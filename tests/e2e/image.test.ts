/**
 * The image as it is shipped, built by the one Dockerfile without a network: what is in it, what is
 * not, who it runs as, and that it is the same every time.
 */

import { afterAll, beforeAll, expect } from "@jest/globals";
import {
  cpSync,
  globSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { VERSION as PROGRAM_VERSION } from "#runtime/version.ts";
import { run } from "./command.ts";
import { openImageShop, type ImageShop } from "./image-shop.ts";
import {
  BASE_IMAGE,
  buildBaseImage,
  buildFiles,
  buildProjectImage,
  LABELS,
  PROJECT_IMAGE,
} from "./images.ts";
import { canRunNode, testOnNode } from "./on-node.ts";

const TIMEOUT_MS = 300_000;
const OURS_MAX_BYTES = 15_000_000;

const folder = mkdtempSync(join(tmpdir(), "scalp-images-"));
let shop: ImageShop;
let built: string;
beforeAll(async () => {
  if (!canRunNode) return;
  shop = openImageShop(join(folder, "shop"));
  await buildBaseImage(shop, join(folder, "one"));
  await buildFiles();
  built = await buildProjectImage(shop, join(folder, "one"));
}, TIMEOUT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything in an image, by absolute path. */
const filesOf = (image: string): Promise<ReadonlyMap<string, Stats>> =>
  shop.unpacked(image, (at) => {
    const paths = globSync("**", { cwd: at }).filter((path) => path !== ".");
    return new Map(paths.map((path) => [`/${path}`, lstatSync(join(at, path))]));
  });

testOnNode("it runs one program as nobody, and says what it is", async () => {
  const { config } = await shop.inspect(PROJECT_IMAGE);
  expect(config.User).toBe("65532:65532");
  expect(config.Entrypoint).toEqual(["node", "/app/dist/scalp/scalp.js"]);
  expect(config.Labels).toMatchObject({
    ...LABELS,
    "org.opencontainers.image.title": "scalp-radar",
    "org.opencontainers.image.licenses": "Apache-2.0",
  });
});

testOnNode("it is the base, and of ours what is needed and no more", async () => {
  const [base, ours] = [await filesOf(BASE_IMAGE), await filesOf(PROJECT_IMAGE)];
  const added = [...ours.keys()].filter((path) => !base.has(path));
  expect(added.every((path) => path === "/app" || path.startsWith("/app/"))).toBe(true);
  expect(new Set(added.map((path) => path.split("/")[2]).filter(Boolean))).toEqual(
    new Set(["LICENSE", "config", "crds", "dist", "package.json"]),
  );
  const sizeOf = (paths: Iterable<string>) =>
    [...paths].reduce(
      (sum, path) => sum + (ours.get(path)?.isFile() === true ? (ours.get(path)?.size ?? 0) : 0),
      0,
    );
  const [mine, all] = [sizeOf(added), sizeOf(ours.keys())];
  process.stderr.write(
    `image: ${(all / 1e6).toFixed(1)} MB, of which ours ${(mine / 1e6).toFixed(1)} MB\n`,
  );
  expect(mine).toBeGreaterThan(1_000_000);
  expect(mine).toBeLessThan(OURS_MAX_BYTES);
});

testOnNode(
  "nothing in it helps an intruder: no shell, no package manager, no other user's rights",
  async () => {
    const files = await filesOf(PROJECT_IMAGE);
    const names = [...files.keys()].map((path) => path.split("/").at(-1) ?? "");
    const tools =
      /^(?:(?:b?a|da|z)?sh|busybox|npm|npx|yarn|corepack|apt(?:-get)?|dpkg|apk|curl|wget|perl|python3?)$/;
    expect(names.filter((name) => tools.test(name))).toEqual([]);
    expect(names).toContain("node");
    const modes = [...files].filter(([, stats]) => !stats.isSymbolicLink());
    // Set-user-id, set-group-id, and what everybody may write.
    const loose = modes.filter(([, { mode }]) => (mode & 0o6002) !== 0);
    expect(loose.map(([path]) => path)).toEqual([]);
    const foreign = [...files].filter(([path, { uid }]) => path.startsWith("/app") && uid !== 0);
    expect(foreign.map(([path]) => path)).toEqual([]);
  },
);

testOnNode(
  "built again from the same files it is the same to the last bit",
  async () => {
    const { rootfs } = await shop.inspect(PROJECT_IMAGE);
    await buildFiles();
    expect(await buildProjectImage(shop, join(folder, "two"))).toBe(built);
    expect((await shop.inspect(PROJECT_IMAGE)).rootfs).toEqual(rootfs);
  },
  TIMEOUT_MS,
);

const sbom = z.object({
  bomFormat: z.literal("CycloneDX"),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      hashes: z.array(z.object({ alg: z.string() })),
    }),
  ),
});

const readSbom = (at: string): unknown =>
  JSON.parse(readFileSync(join(at, "app/dist/sbom.cdx.json"), "utf8"));

testOnNode(
  "it lists the packages that are bundled in it, of the program and of the page",
  async () => {
    const { components } = sbom.parse(await shop.unpacked(PROJECT_IMAGE, readSbom));
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync("package.json", "utf8")));
    const { "@commander-js/extra-typings": _onlyTypes, ...bundled } = dependencies;
    const listed = components.map(({ name, version }) => `${name}@${version}`);
    const direct = Object.entries(bundled).map(([name, version]) => `${name}@${version}`);
    expect(listed).toEqual(expect.arrayContaining(direct));
    expect(components.map(({ name }) => name)).toContain("preact");
    expect(components.every(({ hashes }) => hashes.length > 0)).toBe(true);
  },
);

testOnNode(
  "what .dockerignore lets through is enough to build the program and the page from",
  async () => {
    const dockerfile = join(folder, "Dockerfile.sources");
    writeFileSync(dockerfile, "FROM scratch\nCOPY . /build/\n");
    await shop.build({ image: "scalp.test/sources:e2e", dockerfile, context: process.cwd() });
    const build = join(folder, "build");
    await shop.unpacked("scalp.test/sources:e2e", (at) =>
      cpSync(join(at, "build"), build, { recursive: true }),
    );
    // The stage installs what the lock file says, which is here already.
    symlinkSync(join(process.cwd(), "node_modules"), join(build, "node_modules"));
    for (const script of ["dashboard/build.js", "build.js"]) {
      await run(process.execPath, [join(build, script)]);
    }
    // Names of chunks carry a hash of where packages lie, which is elsewhere there.
    for (const file of ["dist/sbom.cdx.json", "dist/dashboard/app.js", "dist/dashboard/app.css"]) {
      expect(readFileSync(join(build, file), "utf8")).toBe(readFileSync(file, "utf8"));
    }
    const says = await run(process.execPath, [join(build, "dist/scalp/scalp.js"), "--version"]);
    expect(says).toBe(`${PROGRAM_VERSION}\n`);
    expect(globSync("**/*.test.ts", { cwd: build, exclude: ["node_modules/**"] })).toEqual([]);
  },
  TIMEOUT_MS,
);
