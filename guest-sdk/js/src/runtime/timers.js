/**
 * Timers. Those that are pending when the handler's promise settles are dropped with the event.
 *
 * Callbacks that are due at once run in the order of their times, whatever the order in which the host wakes us.
 */

import { waitFor } from "wasi:clocks/monotonic-clock@0.3.0";

import { keepDataSoon } from "./data.js";
import { cached, currentEvent } from "./event.js";

/** The longest delay of browsers and Node. For a longer one they do not wait at all. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The rounding error of a sum of times, in milliseconds. */
const ROUNDING = 0.001;

/** The event's timers by id, in the order in which they were set. */
const pending = () => cached("timers", () => new Map());
/** The last id. Ids are never used again, as an instance may handle further events. */
let last = 0;

function set(call, callback, delay, interval, args) {
  currentEvent(call);
  if (typeof callback !== "function") throw new TypeError(`${call} takes a function`);
  const ms = delay >= 1 && delay <= LONGEST_DELAY ? Math.trunc(delay) : 1;
  last += 1;
  pending().set(last, { callback, args, due: performance.now() + ms, interval: interval ? ms : undefined });
  wakeAfter(ms);
  return last;
}

function clear(id) {
  pending().delete(Number(id));
}

async function wakeAfter(ms) {
  const over = waitFor(ms * 1e6);
  await keepDataSoon();
  await over;
  for (const id of due()) await fire(id);
}

/** The ids of timers that are due, earliest first. The sort is stable. */
function due() {
  const now = performance.now() + ROUNDING;
  const timers = pending();
  const ids = [...timers.keys()].filter((id) => timers.get(id).due <= now);
  return ids.sort((a, b) => timers.get(a).due - timers.get(b).due);
}

/** Runs a timer. Callers await it, so that promises which a callback resolved continue before the next callback. */
async function fire(id) {
  const timers = pending();
  const timer = timers.get(id);
  // An earlier callback may have cleared it, or another wake may have run it.
  if (timer === undefined || timer.due > performance.now() + ROUNDING) return;
  if (timer.interval === undefined) timers.delete(id);
  else timer.due = performance.now() + timer.interval;
  try {
    timer.callback(...timer.args);
  } catch (error) {
    console.error("Uncaught in a timer:", error);
  }
  if (timer.interval !== undefined && timers.has(id)) wakeAfter(timer.interval);
}

export const setTimeout = (callback, delay, ...args) => set("setTimeout", callback, delay, false, args);
export const setInterval = (callback, delay, ...args) => set("setInterval", callback, delay, true, args);
export const setImmediate = (callback, ...args) => set("setImmediate", callback, 0, false, args);
export { clear as clearTimeout, clear as clearInterval, clear as clearImmediate };
