/** Calls to the host: promises for those of which the documentation promises one, and errors that are never lost. */

import { event } from "./event.js";
import { fromHost } from "./errors.js";

/**
 * A rejected promise that knows whether somebody looks at it.
 *
 * As a subclass, `await` has to call its `then`, which a plain promise is spared.
 */
class Rejected extends Promise {
  static get [Symbol.species]() {
    return Promise;
  }

  then(...handlers) {
    this.forget?.();
    return super.then(...handlers);
  }
}

/** Carries out a command at once. Errors reject; those that nobody awaits are logged when the handler has returned. */
export function command(call, run) {
  const current = event(call);
  try {
    run();
    return Promise.resolve();
  } catch (thrown) {
    const error = fromHost(call, thrown);
    const rejected = (current.rejected ??= new Set());
    const promise = Rejected.reject(error);
    promise.forget = () => rejected.delete(error);
    rejected.add(error);
    return promise;
  }
}

/** Carries out a call that has an answer. */
export async function request(call, run) {
  event(call);
  try {
    return run();
  } catch (thrown) {
    throw fromHost(call, thrown);
  }
}

/** Reads from the host. */
export function read(call, run) {
  try {
    return run();
  } catch (thrown) {
    throw fromHost(call, thrown);
  }
}
