/** Node's built-in modules: the packages that replace some, and the advice for the others. */

import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";

/** All are browserify's, which bundlers for browsers have used for a decade. */
const REPLACEMENTS = {
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

/** What to use in place of the other modules. */
const ADVICE = [
  [/^(fs|path\/win32)/, "there are no files: put the data into the source (a JSON file can be imported), or into `ns.socket.data`"],
  [/^(http|https|http2)$/, "to send requests, use the global `fetch`; there is no server to make, as the host is the server"],
  [/^(net|tls|dgram|dns|inspector)/, "there are no sockets; the global `fetch` sends HTTP requests"],
  [/^(child_process|cluster|worker_threads)/, "there are no processes or threads"],
  [/^crypto/, "use the globals `crypto.getRandomValues` and `crypto.randomUUID`, or a package such as `@noble/hashes`"],
  [/^zlib/, "use a package such as `fflate`"],
  [/^timers/, "use the globals `setTimeout`, `setInterval` and `setImmediate`"],
  [/^perf_hooks/, "use the global `performance`"],
  [/^process/, "use the global `process.env`"],
  [/^async_hooks/, "QuickJS has no async hooks; use a plain variable, as each event has an instance of its own"],
];

const name = (path) => path.replace(/^node:/, "");

export function isBuiltin(path) {
  return path.startsWith("node:") || builtinModules.includes(path);
}

/** The file that replaces a built-in module, if there is one. */
export function replacement(path) {
  const file = REPLACEMENTS[name(path)];
  return file && fileURLToPath(import.meta.resolve(file));
}

/** Why a built-in module is not available, and what to do instead. */
export function unavailable(path) {
  const why = "a part of Node that a handler cannot have, as it runs in a sandbox";
  const hint = ADVICE.find(([names]) => names.test(name(path)))?.[1];
  return { why, hint: hint ?? "remove the code that needs it, or look for a package that works in browsers" };
}
