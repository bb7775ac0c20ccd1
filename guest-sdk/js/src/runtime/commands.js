/** Calls to the host. Those that the API documents as asynchronous return promises, and no error is lost. */

import { currentEvent } from "./event.js";
import { fromHost } from "./errors.js";

/**
 * A rejected promise that notices when it is awaited.
 *
 * It is a subclass because `await` calls `then` of a subclass, but not of a plain promise.
 */
class RejectedPromise extends Promise {
  static get [Symbol.species]() {
    return Promise;
  }

  then(...handlers) {
    this.handled?.();
    return super.then(...handlers);
  }
}

/** Carries out a command at once. An error rejects the promise, or is logged when the handler ends if nobody awaits it. */
export function command(call, run) {
  const event = currentEvent(call);
  try {
    run();
    return Promise.resolve();
  } catch (thrown) {
    const error = fromHost(call, thrown);
    const unawaited = (event.unawaited ??= new Set());
    const promise = RejectedPromise.reject(error);
    promise.handled = () => unawaited.delete(error);
    unawaited.add(error);
    return promise;
  }
}

/** Carries out a call that has an answer. */
export async function request(call, run) {
  currentEvent(call);
  try {
    return run();
  } catch (thrown) {
    throw fromHost(call, thrown);
  }
}

/** Carries out a call at once, and throws its error. */
export function carryOut(call, run) {
  try {
    return run();
  } catch (thrown) {
    throw fromHost(call, thrown);
  }
}
