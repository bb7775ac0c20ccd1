/** Properties that a handler sets where they are gone with the event. */

import { handling } from "./event.js";

/**
 * Makes setting an unknown property of a class's objects an error in handlers; `name` is what handlers call the object. At
 * the top level it is allowed, as every event starts from there.
 *
 * The check stands at the end of the prototype chain, so that properties that are there cost nothing.
 */
export function refuseUnkept(Class, name) {
  const last = Object.create(Object.getPrototypeOf(Class.prototype));
  const set = (target, key, value, receiver) => {
    if (handling()) {
      const lost = `${name}.${String(key)}`;
      throw new TypeError(`${lost} is lost when the event ends: keep it in \`ns.socket.data.${String(key)}\``);
    }
    return Reflect.defineProperty(receiver, key, { value, writable: true, enumerable: true, configurable: true });
  };
  Object.setPrototypeOf(Class.prototype, new Proxy(last, { set }));
}
