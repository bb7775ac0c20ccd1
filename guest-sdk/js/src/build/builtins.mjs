/** Node's built-in modules: those that a package can stand for, and what to say of the others. */

import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";

/** All are browserify's, which bundlers for browsers have used for a decade. */
const PACKAGES = {
  assert: "assert/build/assert.js",
  buffer: "buffer/index.js",
  events: "events/events.js",
  path: "path-browserify",
  "path/posix": "path-browserify",
  querystring: "querystring-es3",
  stream: "stream-browserify",
  string_decoder: "string_decoder/lib/string_decoder.js",
  url: "url/url.js",
  util: "util/util.js",
};

/** What the others would need that a handler does not have. */
const LACKS = [
  [/^(fs|path\/win32)/, "there are no files: put what the handler needs into its source, or into `ns.socket.data`"],
  [/^(http|https|http2)$/, "use the global `fetch`"],
  [/^(net|tls|dgram|dns|inspector)/, "there are no sockets; the global `fetch` sends HTTP requests"],
  [/^(child_process|cluster|worker_threads)/, "there are no processes or threads"],
  [/^crypto/, "use the globals `crypto.getRandomValues` and `crypto.randomUUID`, or a package such as `@noble/hashes`"],
  [/^zlib/, "use a package such as `fflate`"],
  [/^timers/, "use the global `setTimeout` and its like"],
  [/^perf_hooks/, "use the global `performance`"],
  [/^process/, "use the global `process.env`"],
  [/^async_hooks/, "QuickJS has no hooks for it; each event has an instance of its own, so a plain variable does"],
];

const name = (path) => path.replace(/^node:/, "");

export function isBuiltin(path) {
  return path.startsWith("node:") || builtinModules.includes(path);
}

/** The file of the package that stands for a built-in module, if one does. */
export function polyfill(path) {
  const file = PACKAGES[name(path)];
  return file && fileURLToPath(import.meta.resolve(file));
}

/** Why a built-in module cannot be had, and what to do without it. */
export function missing(path) {
  const why = "a part of Node that a handler, which runs in a sandbox, cannot have";
  const hint = LACKS.find(([names]) => names.test(name(path)))?.[1];
  return { why, hint: hint ?? "leave out what needs it, or look for a package that works in browsers" };
}
