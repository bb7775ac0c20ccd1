/**
 * While a component is built: begins the stack of an error with its name and message, as V8 does. The engine reports an
 * error of the top level as `Error`, whatever its class, and with its stack.
 */

import { handling } from "../runtime/event.js";

const native = Object.getOwnPropertyDescriptor(Error.prototype, "stack");

if (native?.get !== undefined) {
  Object.defineProperty(Error.prototype, "stack", {
    ...native,
    get() {
      const stack = native.get.call(this);
      return handling() || typeof stack !== "string" ? stack : `${this.name}: ${this.message}\n${stack}`;
    },
  });
}
