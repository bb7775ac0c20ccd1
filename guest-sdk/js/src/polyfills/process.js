/** The part of Node's `process` that a handler has. `env` has what `host run --env` grants; at the top level it is empty. */

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
