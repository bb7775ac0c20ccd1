/**
 * Timers. Those that are pending when the event ends are dropped.
 *
 * Callbacks that are due at once run in the order of their times, whatever the order in which the host wakes us.
 */

import { waitFor } from "wasi:clocks/monotonic-clock@0.3.0";

import { keepDataSoon } from "./data.js";
import { currentEvent } from "./event.js";
import { Queue } from "./queue.js";
import { guarded, hostWoke, warnIfOver } from "./pending.js";
import { performance } from "./performance.js";
import { after, fulfilled } from "./promises.js";

/** The longest delay of browsers and Node. For a longer one they do not wait at all. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The rounding error of a sum of times, in milliseconds. */
const ROUNDING = 0.001;

/** The last id. Ids are never used again, as an instance may handle further events. */
let last = 0;

function set(call, callback, delay, interval, args) {
  const event = currentEvent(call);
  if (typeof callback !== "function") throw new TypeError(`${call} takes a function`);
  warnIfOver(event);
  event.timers ??= new Map();
  event.queue ??= new Queue((a, b) => a.due - b.due || a.id - b.id);
  last += 1;
  const ms = delayOf(delay);
  const timer = { id: last, callback, args, due: performance.now() + ms, interval: interval ? ms : undefined };
  event.timers.set(last, timer);
  schedule(event, timer, ms);
  return last;
}

function delayOf(delay) {
  return delay >= 1 && delay <= LONGEST_DELAY ? Math.trunc(delay) : 1;
}

/** A timer that is cleared stays in the queue until it is due. */
function clear(id) {
  currentEvent("clearTimeout").timers?.delete(Number(id));
}

function schedule(event, timer, ms) {
  event.queue.push(timer);
  after(waitFor(ms * 1e6), () => {
    hostWoke(event);
    runDue(event);
  });
  keepDataSoon();
}

/** Runs what is due, with a turn in between, so that promises which a callback resolved continue before the next one. */
function runDue(event) {
  if (!(event.queue.first?.due <= performance.now() + ROUNDING)) return event.wake?.();
  fire(event, event.queue.shift());
  return after(fulfilled(), () => runDue(event));
}

function fire(event, timer) {
  if (!event.timers.has(timer.id)) return;
  if (timer.interval === undefined) event.timers.delete(timer.id);
  guarded("a timer", timer.callback, timer.args);
  if (!event.timers.has(timer.id)) return;
  timer.due = performance.now() + timer.interval;
  schedule(event, timer, timer.interval);
}

export const setTimeout = (callback, delay, ...args) => set("setTimeout", callback, delay, false, args);
export const setInterval = (callback, delay, ...args) => set("setInterval", callback, delay, true, args);
export const setImmediate = (callback, ...args) => set("setImmediate", callback, 0, false, args);
export { clear as clearTimeout, clear as clearInterval, clear as clearImmediate };
