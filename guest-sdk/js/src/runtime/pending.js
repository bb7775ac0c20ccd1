/** What an event has started: requests, timers, microtasks, and their errors. */

import { currentEvent } from "./event.js";
import { after, anyThrown, fulfilled, uncaught, watched, whenThrown } from "./promises.js";
import { onOneLine } from "./stack.js";

/** How many turns of the microtasks an error has to be caught, where nothing tells when the last one is over. */
const TURNS = 100;

/** The event waits for the promise. */
export function requested(event, promise) {
  event.requests += 1;
  const end = () => {
    event.requests -= 1;
    event.wake?.();
  };
  after(promise, end, end);
  return promise;
}

/** To be called when the host wakes the event. No microtask is left then, so nobody handles what was thrown before. */
export function hostWoke() {
  if (anyThrown()) logUncaught();
}

/** Logs errors that nobody has handled; `known` is the one that the handler fails with, which the host logs. */
export function logUncaught(known) {
  for (const error of uncaught()) {
    if (error !== known) console.error(`Unhandled rejection: ${onOneLine(error)}`);
  }
}

/** Logs what was thrown in an event that is over, or in which nothing goes on, if nobody catches it soon. */
function watchThrown() {
  const event = currentEvent("throw");
  if (event.watched) return;
  event.watched = true;
  let turns = TURNS;
  const turn = () => {
    turns -= 1;
    if (anyThrown() && turns > 0) return after(fulfilled(), turn);
    event.watched = false;
    if (anyThrown() && event.requests === 0 && !(event.timers?.size > 0)) logUncaught();
    return undefined;
  };
  after(fulfilled(), turn);
}

whenThrown(watchThrown);

/** Runs a callback and logs its error, as nobody can catch it. */
export function guarded(where, callback, args) {
  try {
    callback(...args);
  } catch (error) {
    console.error(`Uncaught in ${where}: ${onOneLine(error)}`);
  }
}

/** The global `queueMicrotask`. QuickJS's own ends the instance if a callback throws. */
export function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError("queueMicrotask takes a function");
  watched(fulfilled(), () => guarded("a microtask", callback, []));
}

/** The global `reportError`. */
export function reportError(error) {
  console.error(`Uncaught: ${onOneLine(error)}`);
}

/** For a timer that is set when its event has ended. */
export function warnIfOver(event) {
  if (event.over) console.warn(dropped(event, 1));
}

/** Tells which timers are dropped. */
export function dropped(event, count) {
  const [are, them] = count === 1 ? ["timer is", "it"] : ["timers are", "them"];
  return `${count} ${are} dropped, as the event \`${event.name}\` has ended: the handler must await ${them}`;
}
