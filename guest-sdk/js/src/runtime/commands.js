/** Calls to the host. Those that the API documents as asynchronous return promises, and no error is lost. */

import { currentEvent } from "./event.js";
import { fromHost } from "./errors.js";
import { __realtime_thrown, fulfilled, rejected } from "./promises.js";

/** Carries out a command at once. An error rejects the promise, and is logged if nobody handles it. */
export function command(call, run) {
  currentEvent(call);
  try {
    run();
    return fulfilled();
  } catch (thrown) {
    return rejected(__realtime_thrown(fromHost(call, thrown)));
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
