/** Globals that a bundle gets only if the handler, or something that it imports, uses them. */

import { fileURLToPath } from "node:url";

/** The files of `src/polyfills`, and the globals that they define. The order matters: later ones may use earlier ones. */
const POLYFILLS = {
  buffer: ["Buffer"],
  process: ["process"],
  encoding: ["TextDecoder", "TextEncoder"],
  "structured-clone": ["structuredClone"],
  url: ["URL", "URLSearchParams"],
  events: ["Event", "EventTarget", "CustomEvent"],
  abort: ["AbortController", "AbortSignal"],
  fetch: ["fetch", "Headers", "Request", "Response"],
  kv: ["kv"],
};

/** Those that import something of the host. */
const CAPABILITIES = ["fetch", "kv"];

/** What each engine lacks. */
const LACKED = {
  quickjs: Object.keys(POLYFILLS),
  starlingmonkey: ["buffer", "process", "kv"],
};

/** Objects through which code may name a global, beside its plain name. */
const OBJECTS = ["globalThis", "global", "self", "window"];

const MARK = "realtime_uses_";

/** For esbuild's `define`: renames every use of these globals, so that it can be found in the output. */
export const marks = Object.fromEntries(
  Object.values(POLYFILLS).flat().flatMap((global) =>
    [global, ...OBJECTS.map((object) => `${object}.${global}`)].map((name) => [name, MARK + global]),
  ),
);

/**
 * How a handler that has schedules names them. Other code may name something so, too: then the component exports that it has
 * none.
 */
const SCHEDULE = /\bschedule\b/;

/**
 * Paths of the polyfills that the marked output needs, and what it uses that not every component's world has: `fetch`, `kv`,
 * `schedules`.
 */
export function needed(output, engine) {
  const uses = (name) => POLYFILLS[name].some((global) => output.includes(MARK + global));
  const path = (name) => fileURLToPath(new URL(`../polyfills/${name}.js`, import.meta.url));
  const polyfills = LACKED[engine].filter(uses).map(path);
  return { polyfills, uses: [...CAPABILITIES.filter(uses), ...(SCHEDULE.test(output) ? ["schedules"] : [])] };
}
