/** StarlingMonkey has most of the expected globals. Those that call the host are made to fail during the build. */

import { define } from "../polyfills/define.js";
import { console } from "./console.js";
import { keepDataSoon } from "./data.js";
import { setHostTurn } from "./ending.js";
import { ConnectError } from "./errors.js";
import { currentEvent, handling } from "./event.js";
import { RealtimeNamespace } from "./namespace.js";
import { guarded, hostWoke, queueMicrotask, reportError, requested, warnIfOver } from "./pending.js";
import { install, made, reported } from "./promises.js";
import { install as installStacks } from "./stack.js";

const globals = { RealtimeNamespace, ConnectError, console, queueMicrotask, reportError };
for (const [name, value] of Object.entries(globals)) define(name, value);
define("global", globalThis);
install(define);
installStacks();

const nativeTimeout = globalThis.setTimeout;
setHostTurn(() => made((resolve) => nativeTimeout(resolve, 0)));

for (const [set, clear] of [["setTimeout", "clearTimeout"], ["setInterval", "clearInterval"]]) {
  replace(globalThis, set, (native) => (callback, ...rest) => {
    const event = currentEvent(set);
    keepDataSoon();
    event.timers ??= new Set();
    warnIfOver(event);
    const run = (...args) => {
      hostWoke(event);
      if (set === "setTimeout") event.timers.delete(id);
      guarded("a timer", callback, args);
      event.wake?.();
    };
    const id = native(run, ...rest);
    event.timers.add(id);
    return id;
  });
  replace(globalThis, clear, (native) => (id) => {
    currentEvent(clear).timers?.delete(id);
    native(id);
  });
}

for (const name of ["getRandomValues", "randomUUID"]) {
  replace(crypto, name, (native) => (...args) => {
    currentEvent(`crypto.${name}`);
    return native.apply(crypto, args);
  });
}

// The event waits for requests and for the bodies of their responses.
replace(globalThis, "fetch", waiting);
for (const name of ["arrayBuffer", "blob", "bytes", "formData", "json", "text"]) {
  if (globalThis.Response?.prototype[name]) replace(Response.prototype, name, waiting);
}

function waiting(native, name) {
  return function (...args) {
    return requested(currentEvent(name), reported(native.apply(this, args)));
  };
}

/** Replaces a function of the engine. Outside of handlers the new one throws an error, where the engine's would trap. */
function replace(object, name, made) {
  const value = made(object[name], name);
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

const nativeRandom = Math.random;
let seed = 1;
/** At the top level, where libraries generate names, any sequence is good enough: here Park and Miller's. */
Math.random = () => {
  if (handling()) return nativeRandom();
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};
