/**
 * The one file of undici that we load, by path.
 *
 * `import { Pool } from "undici"` also loads fetch, WebSocket, caches and mocks: 13 MB of memory in
 * every process, for nothing. The package has no `exports` map and its version is pinned exactly;
 * the types are those of the package.
 */

declare module "undici/lib/dispatcher/pool.js" {
  import { Pool } from "undici";

  export = Pool;
}
