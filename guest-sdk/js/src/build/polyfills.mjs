/** Globals that a bundle gets only where the handler, or something that it imports, names them. */

import { fileURLToPath } from "node:url";

/** Names of files in `src/polyfills`, and the globals that they define. In this order: later ones may use earlier ones. */
const POLYFILLS = {
  buffer: ["Buffer"],
  process: ["process"],
  encoding: ["TextDecoder", "TextEncoder"],
  "structured-clone": ["structuredClone"],
  url: ["URL", "URLSearchParams"],
  abort: ["AbortController", "AbortSignal"],
  fetch: ["fetch", "Headers", "Request", "Response"],
};

/** What each engine lacks. */
const LACKED = {
  quickjs: Object.keys(POLYFILLS),
  starlingmonkey: ["buffer", "process"],
};

/** The ways in which code names a global, beside the plain one. */
const OBJECTS = ["globalThis", "global", "self", "window"];

const MARK = "realtime_uses_";

/** For esbuild's `define`: every use of these globals gets another name, which shows in the output. */
export const marks = Object.fromEntries(
  Object.values(POLYFILLS).flat().flatMap((global) =>
    [global, ...OBJECTS.map((object) => `${object}.${global}`)].map((name) => [name, MARK + global]),
  ),
);

/** Paths of the polyfills that the marked output needs, and whether it sends requests. */
export function needed(output, engine) {
  const uses = (name) => POLYFILLS[name].some((global) => output.includes(MARK + global));
  const path = (name) => fileURLToPath(new URL(`../polyfills/${name}.js`, import.meta.url));
  return { polyfills: LACKED[engine].filter(uses).map(path), sends: uses("fetch") };
}
