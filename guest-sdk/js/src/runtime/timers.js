/**
 * Timers. What is still to come when the handler's promise has settled is dropped with the event.
 *
 * Several callbacks that are due run in the order of their times, whatever the order in which the host wakes us.
 */

import { waitFor } from "wasi:clocks/monotonic-clock@0.3.0";

import { keepDataSoon } from "./data.js";
import { cached, event } from "./event.js";

/** The longest delay that browsers and Node take; beyond it they do not wait at all. */
const LONGEST = 2 ** 31 - 1;

/** Milliseconds by which sums of times may be off. */
const ROUNDING = 0.001;

/** Those of the event by number, in the order in which they were set. */
const pending = () => cached("timers", () => new Map());
/** Numbers are never used again: an instance may handle further events. */
let last = 0;

function set(call, callback, delay, interval, args) {
  event(call);
  if (typeof callback !== "function") throw new TypeError(`${call} takes a function`);
  const ms = delay >= 1 && delay <= LONGEST ? Math.trunc(delay) : 1;
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

/** Timers whose time has come, earliest first; the sort is stable. */
function due() {
  const now = performance.now() + ROUNDING;
  const timers = pending();
  const ids = [...timers.keys()].filter((id) => timers.get(id).due <= now);
  return ids.sort((a, b) => timers.get(a).due - timers.get(b).due);
}

/** Awaited, so that what one callback has resolved goes on before the next one. */
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
