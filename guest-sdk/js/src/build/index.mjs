/** Builds a handler in JavaScript or TypeScript into a component. */

import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";

import { mapper } from "../runtime/source-map.js";
import { bundle } from "./bundle.mjs";
import { ENGINES } from "./engines.mjs";
import { BuildError } from "./errors.mjs";

export { BuildError, EXIT } from "./errors.mjs";
export const engines = Object.keys(ENGINES);

/**
 * Builds the handler in `file` and returns the component's bytes and warnings.
 *
 * Throws a `BuildError` where the handler cannot be built, with a hint where something can be done about it.
 */
export async function buildHandler(file, { engine = "quickjs" } = {}) {
  const path = resolve(file);
  if (!existsSync(path)) throw new BuildError(`there is no file ${file}`);
  if (!statSync(path).isFile()) throw new BuildError(`${file} is not a file`, { hint: "name the file of the handler" });
  const { code, map, warnings } = await bundle(path, { engine });
  const sourceMap = `globalThis[Symbol.for("realtime.source-map")] = ${JSON.stringify(JSON.stringify(map))};\n`;
  try {
    return { component: await ENGINES[engine](code + sourceMap), warnings };
  } catch (error) {
    throw error instanceof BuildError ? error : evaluationFailure(error, map);
  }
}

/** The top level of the file threw: engines run it when they take their snapshot. */
function evaluationFailure(error, map) {
  const text = mapper(() => map)(String(error.message ?? error)).replace(/^: Failed to evaluate .* evaluation: /, "");
  return new BuildError(`the top level of the handler's file failed\n${text}`);
}
