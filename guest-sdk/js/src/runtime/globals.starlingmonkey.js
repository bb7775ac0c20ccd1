/** StarlingMonkey has most of the expected globals. Those that call the host are made to fail during the build. */

import { define } from "../polyfills/define.js";
import { console } from "./console.js";
import { keepDataSoon } from "./data.js";
import { ConnectError } from "./errors.js";
import { currentEvent, handling } from "./event.js";
import { RealtimeNamespace } from "./namespace.js";

const globals = { RealtimeNamespace, ConnectError, console };
for (const [name, value] of Object.entries(globals)) define(name, value);
define("global", globalThis);

for (const name of ["setTimeout", "setInterval"]) {
  guard(globalThis, name, name, ([callback, ...rest]) => {
    keepDataSoon();
    return [(...args) => caught(callback, args), ...rest];
  });
}
for (const name of ["getRandomValues", "randomUUID"]) guard(crypto, name, `crypto.${name}`, (args) => args);

/** Makes a call outside of handlers throw an error that says so. The engine alone would trap. */
function guard(object, name, call, prepared) {
  const native = object[name];
  const value = (...args) => {
    currentEvent(call);
    return native.apply(object, prepared(args));
  };
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

/** Logs errors of a timer's callback. Without this, the engine would end the handler. */
function caught(callback, args) {
  try {
    callback(...args);
  } catch (error) {
    console.error("Uncaught in a timer:", error);
  }
}

const nativeRandom = Math.random;
let seed = 1;
/** At the top level, where libraries generate names, any sequence is good enough: here Park and Miller's. */
Math.random = () => {
  if (handling()) return nativeRandom();
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};
