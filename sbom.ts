/**
 * What of other people is in the image, as a CycloneDX document for whoever has to look up a
 * vulnerability or a license: the packages of which at least one byte was bundled.
 *
 * Which files were bundled is esbuild's word, which package and version a file is of is the lock
 * file's. There is no time and no chance in it: the same sources give the same document. Node itself
 * and what is beside it belong to the base image, which has its own.
 */

/** What esbuild tells of a build, as far as it is used here. */
export type Metafile = {
  readonly outputs: Readonly<
    Record<
      string,
      { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }
    >
  >;
};

/** package-lock.json, as far as it is used here. Keys of `packages` are folders. */
export type Lock = {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

type LockedPackage = {
  /** Where it is another one than its folder says. */
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
};

export type Program = {
  readonly name: string;
  readonly version: string;
  readonly license: string;
};

export type Component = {
  readonly type: "application" | "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: ReadonlyArray<{ readonly expression: string }>;
  readonly hashes?: ReadonlyArray<{ readonly alg: string; readonly content: string }>;
};

export type Sbom = {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: ReadonlyArray<Component>;
};

export const sbomOf = (program: Program, lock: Lock, metafiles: ReadonlyArray<Metafile>): Sbom => {
  const folders = new Set(metafiles.flatMap(bundledFiles).flatMap(packageFolder));
  const libraries = [...folders].map((folder) => libraryOf(folder, lock));
  // One version may lie in several folders.
  const byPurl = new Map(libraries.map((library) => [library.purl, library]));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: component("application", program) },
    components: [...byPurl.keys()].toSorted().flatMap((purl) => byPurl.get(purl) ?? []),
  };
};

/** What was only read, and then found to be of no use, is not in the image. */
const bundledFiles = ({ outputs }: Metafile): ReadonlyArray<string> =>
  Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => (inputs[path]?.bytesInOutput ?? 0) > 0),
  );

/** `node_modules/a/node_modules/@b/c` of a file below it; nothing of a file of ours. */
const packageFolder = (path: string): ReadonlyArray<string> => {
  const [folder] = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
  return folder === undefined ? [] : [folder.replace(/^.*?(?=node_modules\/)/, "")];
};

const libraryOf = (folder: string, { packages }: Lock): Component => {
  const locked = packages[folder];
  if (locked?.version === undefined) {
    throw new Error(`${folder} is bundled and not in the lock file`);
  }
  const name =
    locked.name ?? folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
  return component("library", { ...locked, name, version: locked.version });
};

type Described = {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
};

const component = (
  type: Component["type"],
  { name, version, license, integrity }: Described,
): Component => {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    type,
    "bom-ref": purl,
    name,
    version,
    purl,
    ...(license !== undefined && { licenses: [{ expression: license }] }),
    ...(integrity !== undefined && { hashes: integrity.split(" ").map(hashOf) }),
  };
};

/** `sha512-BASE64` in the lock file, hexadecimal there. */
const hashOf = (integrity: string) => {
  const [algorithm = "", digest = ""] = integrity.split(/-(.*)/s);
  return {
    alg: algorithm.toUpperCase().replace("SHA", "SHA-"),
    content: Buffer.from(digest, "base64").toString("hex"),
  };
};
