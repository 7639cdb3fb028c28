/** The jest transform: Node's own type stripping, so that tests run exactly what production runs. */

import { stripTypeScriptTypes } from "node:module";

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
};
