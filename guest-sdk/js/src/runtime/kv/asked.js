/** Calls of the store, as promises. */

import { keepData } from "../data.js";
import { currentEvent } from "../event.js";
import { __realtime_thrown, fulfilled, rejected } from "../promises.js";
import { fromHost } from "./errors.js";

/** Carries out what asks the host. It waits for the answer, so changes of `socket.data` are kept before, as commands are. */
export function asked(call, run) {
  return settled(call, () => {
    keepData();
    return run();
  });
}

/** A promise of what `run` returns or throws. Throws itself outside of events. */
export function settled(call, run) {
  currentEvent(call);
  try {
    return fulfilled(run());
  } catch (thrown) {
    return rejected(__realtime_thrown(fromHost(call, thrown)));
  }
}
