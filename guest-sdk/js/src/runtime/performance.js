/** `performance`. The engine's own counts from the time when the component was built. */

import { now } from "wasi:clocks/monotonic-clock@0.3.0";

export const performance = {
  now: () => now() / 1e6,
  get timeOrigin() {
    return Date.now() - performance.now();
  },
};
