/** StarlingMonkey has most of the globals that people expect. Those that ask the host are kept from the build. */

import { define } from "../polyfills/define.js";
import { console } from "./console.js";
import { keepDataSoon } from "./data.js";
import { ConnectError } from "./errors.js";
import { event, handling } from "./event.js";
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

/** Outside of handlers the call is an error that says so, where the engine would only trap. */
function guard(object, name, call, prepared) {
  const native = object[name];
  const value = (...args) => {
    event(call);
    return native.apply(object, prepared(args));
  };
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

/** The engine would end the handler. */
function caught(callback, args) {
  try {
    callback(...args);
  } catch (error) {
    console.error("Uncaught in a timer:", error);
  }
}

const nativeRandom = Math.random;
let seed = 1;
/** At the top level, where libraries make up names for themselves, any sequence will do: Park and Miller's. */
Math.random = () => {
  if (handling()) return nativeRandom();
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};
