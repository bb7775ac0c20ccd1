/** Sets a global as engines do: writable, configurable and not enumerable. */
export function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
