/**
 * ccxt, one exchange by file.
 *
 * `import "ccxt"` loads every exchange there is: 158 MB, where the one that we trade on takes 96. The
 * package's `exports` map offers nothing smaller, so this module, and no other, goes by file. Only
 * types come in by name, and types are erased. This is also the one module that does something when
 * it is imported: it waits for those two files.
 *
 * A bundler cannot follow a path that is computed here, so a bundle replaces this module, and this
 * module only, by the same two exports as static imports of the same two files; `docs/decisions/
 * 0004-ccxt-adapter.md` has the recipe.
 */

import type * as Ccxt from "ccxt";

const root = new URL("./src/", import.meta.resolve("ccxt"));
const load = (path: string) => import(new URL(path, root).href);

/** The very classes that the exchange below throws: a second copy would not match `instanceof`. */
export const errors: Pick<typeof Ccxt, "BadResponse" | "RateLimitExceeded"> =
  await load("base/errors.js");

const bitget: { readonly default: typeof Ccxt.pro.bitget } = await load("pro/bitget.js");

export const Bitget = bitget.default;
