/** The errors that the host answers with, and the error that refuses a connection. */

/**
 * Refuses a connection when it is thrown in `$connect`: the client gets `connect_error` with this message and data.
 * Other errors refuse it as well, but their text only goes to the log.
 */
export class ConnectError extends Error {
  constructor(message, data) {
    super(message);
    if (data !== undefined) this.data = data;
  }
}
ConnectError.prototype.name = "ConnectError";

/** The error of a call that the host did not accept. `code` is the contract's name for it, such as `payload-too-large`. */
export class RealtimeError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}
RealtimeError.prototype.name = "RealtimeError";

const TEXTS = {
  "not-connected": () => "the socket is not connected",
  "reserved-event": (name) => `\`${name}\` is a reserved name, choose another`,
  "payload-too-large": (limit) => `larger than ${limit} bytes`,
  timeout: () => "operation has timed out",
};

/** Converts what a call to the host threw into an error that names the call. */
export function fromHost(call, thrown) {
  const { tag, val } = thrown?.payload ?? {};
  if (tag === undefined) return thrown;
  const text = TEXTS[tag]?.(val) ?? val ?? tag;
  return new RealtimeError(`${call}: ${text}`, tag);
}

/**
 * What the client of a refused connection sees. Only a `ConnectError`, or a plain `Error` with `data`, which is how
 * Socket.IO's middleware refuses, is shown: the text of any other error may contain secrets.
 */
export function rejection(error) {
  const deliberate = error instanceof ConnectError || (error?.constructor === Error && Object.hasOwn(error, "data"));
  if (!deliberate) return undefined;
  const data = error.data === undefined ? undefined : JSON.stringify(error.data);
  return { message: String(error.message).toWellFormed(), data: data ?? null };
}
