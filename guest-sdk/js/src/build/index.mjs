/** Builds a component from a handler in JavaScript or TypeScript. */

import { mapper } from "../runtime/source-map.js";
import { bundle } from "./bundle.mjs";
import { ENGINES } from "./engines.mjs";
import { BuildError } from "./errors.mjs";
import { handlerOf } from "./project.mjs";

export { BuildError, EXIT } from "./errors.mjs";
export const engines = Object.keys(ENGINES);

/** A bundle up to this length is kept as text, for error messages (`runtime/callee.js`): it is a part of each instance's memory. */
const LONGEST_SOURCE = 2 << 20;

/**
 * Builds the handler of a file or a folder. Returns the component's bytes, warnings, and the paths of the project's
 * files that it was built from.
 *
 * Throws a `BuildError` if the handler cannot be built, with a hint if there is something to do about it.
 */
export async function buildHandler(source, { engine = "quickjs" } = {}) {
  const { code, map, uses, warnings, inputs } = await bundle(handlerOf(source), { engine });
  // These texts are a line before the bundle, so that the top level can use the map, too.
  const mapText = JSON.stringify({ ...map, lines: [[], ...map.lines] });
  const texts = { "source-map": mapText, source: code.length <= LONGEST_SOURCE ? `\n${code}` : "" };
  const before = Object.entries(texts).map(([name, text]) => `globalThis[Symbol.for("realtime.${name}")] = ${JSON.stringify(text)};`);
  try {
    return { component: await ENGINES[engine](`${before.join("")}\n${code}`, uses), warnings, inputs };
  } catch (error) {
    throw error instanceof BuildError ? error : evaluationFailure(error, mapText);
  }
}

/** An error that the file's top level threw: the engine runs it when it takes its snapshot. */
function evaluationFailure(error, mapText) {
  const said = mapper(() => mapText)(String(error.message ?? error)).replace(/^: Failed to evaluate .* evaluation: /m, "");
  // The stack has the error's class (error-names.js).
  const text = said.replace(/^Error: ([^]*?)\n(\w+: \1\n)/m, "$2");
  // As in Node, the file's name, its project and its syntax decide whether it is an ES module.
  const hint = /\b(module|exports|require) is not defined/.test(text)
    ? 'this is an ES module (.mjs, or "type": "module" in package.json): end it with `export default ns`'
    : undefined;
  return new BuildError(`the top level of the handler's file threw an error\n${text}`, { hint });
}
