/** Sets a global as engines do: changeable, and left out of loops. */
export function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
