/** What is left of Node's `process` in a handler. `env` has what `host run --env` grants, so it is empty at the top level. */

import { getEnvironment } from "wasi:cli/environment@0.2.6";

import { cached, handling } from "../runtime/event.js";
import { define } from "./define.js";

define("process", {
  get env() {
    return handling() ? cached("process.env", () => Object.fromEntries(getEnvironment())) : {};
  },
  argv: [],
  browser: true,
  cwd: () => "/",
  nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
  platform: "wasi",
  version: "",
  versions: {},
});
