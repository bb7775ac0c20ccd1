/** The part of Node's `process` that a handler has. */

import { define } from "./define.js";
import { environment } from "./environment.js";

define("process", {
  get env() {
    return environment();
  },
  argv: [],
  browser: true,
  cwd: () => "/",
  nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
  platform: "wasi",
  version: "",
  versions: {},
});
