/** Builds a handler in JavaScript or TypeScript into a component. */

import { mapper } from "../runtime/source-map.js";
import { bundle } from "./bundle.mjs";
import { ENGINES } from "./engines.mjs";
import { BuildError } from "./errors.mjs";
import { handlerOf } from "./project.mjs";

export { BuildError, EXIT } from "./errors.mjs";
export const engines = Object.keys(ENGINES);

/**
 * Builds the handler of a file or a folder. Returns the component's bytes, warnings, and the paths of the project's files
 * that it was made of.
 *
 * Throws a `BuildError` where the handler cannot be built, with a hint where something can be done about it.
 */
export async function buildHandler(source, { engine = "quickjs" } = {}) {
  const { code, map, sends, warnings, inputs } = await bundle(handlerOf(source), { engine });
  const mapText = JSON.stringify(map);
  const sourceMap = `globalThis[Symbol.for("realtime.source-map")] = ${JSON.stringify(mapText)};\n`;
  try {
    return { component: await ENGINES[engine](code + sourceMap, { sends }), warnings, inputs };
  } catch (error) {
    throw error instanceof BuildError ? error : evaluationFailure(error, mapText);
  }
}

/** The top level of the file threw: engines run it when they take their snapshot. */
function evaluationFailure(error, mapText) {
  const text = mapper(() => mapText)(String(error.message ?? error)).replace(/^: Failed to evaluate .* evaluation: /, "");
  // A file is a module of one kind or the other by its name, its project and its syntax, as in Node.
  const hint = /\b(module|exports|require) is not defined/.test(text)
    ? 'this is an ES module (.mjs, or "type": "module" in package.json): end it with `export default ns`'
    : undefined;
  return new BuildError(`the top level of the handler's file failed\n${text}`, { hint });
}
