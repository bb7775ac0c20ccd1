/** Errors: those of the host's answers, and those that refuse a connection. */

/**
 * Refuses a connection, thrown in `$connect`: the client gets `connect_error` with this message and data. Other errors
 * refuse it as well, but their text is for the log only.
 */
export class ConnectError extends Error {
  constructor(message, data) {
    super(message);
    if (data !== undefined) this.data = data;
  }
}
ConnectError.prototype.name = "ConnectError";

/** A call that the host did not take; `code` is one of the contract's names, such as `payload-too-large`. */
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

/** What a call to the host threw, as an error that says which call it was. */
export function fromHost(call, thrown) {
  const { tag, val } = thrown?.payload ?? {};
  if (tag === undefined) return thrown;
  const text = TEXTS[tag]?.(val) ?? val ?? tag;
  return new RealtimeError(`${call}: ${text}`, tag);
}

/**
 * What the client of a refused connection may see, if anything: a `ConnectError`, or a plain `Error` with `data`, which is
 * how Socket.IO's middleware refuses. All others may tell more than they should.
 */
export function rejection(error) {
  const deliberate = error instanceof ConnectError || (error?.constructor === Error && Object.hasOwn(error, "data"));
  if (!deliberate) return undefined;
  const data = error.data === undefined ? undefined : JSON.stringify(error.data);
  return { message: String(error.message).toWellFormed(), data: data ?? null };
}
