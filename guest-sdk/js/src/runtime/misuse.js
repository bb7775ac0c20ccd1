/** What handlers of a Socket.IO server use, and a handler here does not: errors of the build that say what to write. */

/** Events of the reference server that never run here. */
const CONNECTED = 'write `ns.socket.on("$connect", …)`; the socket is `ns.socket`';
const DISCONNECTED = 'write `ns.socket.on("$disconnect", …)`';
const INSTEAD = {
  __proto__: null,
  connection: CONNECTED,
  connect: CONNECTED,
  connect_error: "throw an error in `$connect` to refuse a connection",
  disconnect: DISCONNECTED,
  disconnecting: `${DISCONNECTED}, where \`ns.socket.rooms\` still has the rooms`,
  newListener: "no client can send it; choose another name",
  removeListener: "no client can send it; choose another name",
};

/** Throws if no client's event can have this name. */
export function refuseEvent(call, event) {
  if (INSTEAD[event] === undefined) return;
  throw new Error(`${call}("${event}") would never run: ${INSTEAD[event]}`);
}

/** Methods of the reference server's namespaces, and what to write in their place. */
const METHODS = {
  on: (event) => `use ns.socket.on: ${INSTEAD[event] ?? `write \`ns.socket.on(${JSON.stringify(String(event))}, …)\``}`,
  use: () => 'there is no middleware: check the client in `ns.socket.on("$connect", …)`, and throw a ConnectError to refuse it',
  of: () => 'one file is one namespace: make another file, with `new RealtimeNamespace("/other")`, and serve both',
  listen: () => "the host is the server: end the file with `module.exports = ns`, and run `host run FILE`",
};
METHODS.once = METHODS.addListener = METHODS.on;
METHODS.attach = METHODS.listen;

/** Adds these methods to a class, where they throw. */
export function refuseMethods(prototype) {
  for (const [name, instead] of Object.entries(METHODS)) {
    const value = (first) => {
      throw new Error(`ns.${name}() is not available: ${instead(first)}`);
    };
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
