/**
 * The end of an event: when its handlers have settled and nothing that they started goes on.
 *
 * What goes on are microtasks and requests, and, where the client waits for an acknowledgement that a handler may still
 * give, timers. The host's time limit bounds all of it. An event in which nothing goes on ends at once, without a turn.
 */

import { keepDataQuietly } from "./data.js";
import { dropped, logUncaught } from "./pending.js";
import { after, anyThrown, atWork, fulfilled, made } from "./promises.js";

/** How many turns of the microtasks may pass until the host is asked for one. It comes when no microtask is left. */
const TURNS = 8;

let hostTurn;

/** Sets the engine's function that returns a promise which the host fulfils. */
export function setHostTurn(turn) {
  hostTurn = turn;
}

/** Whether nothing goes on. `call.isOwed()` tells whether a handler may still acknowledge. */
export function isOver(event, call) {
  return !atWork() && !anyThrown() && !waits(event, call);
}

/** Settles when nothing goes on any more. Not an `async` function, which would count as work itself. */
export function over(event, call) {
  return after(drained(TURNS), () => {
    if (!waits(event, call)) return undefined;
    keepDataQuietly();
    const woken = made((resolve) => (event.wake = resolve));
    return after(woken, () => over(event, call));
  });
}

function waits(event, call) {
  return event.requests > 0 || (event.timers?.size > 0 && call.isOwed());
}

/** Settles when no microtask is left but those that wait for the host. */
function drained(turns) {
  if (turns === 0) return hostTurn();
  return after(fulfilled(), () => (atWork() || anyThrown() ? drained(turns - 1) : undefined));
}

/** Ends the event: logs what nobody has handled, and which timers are dropped. */
export function end(event, failure) {
  event.over = true;
  if (anyThrown()) logUncaught(failure?.error);
  if (event.timers?.size > 0) console.warn(dropped(event, event.timers.size));
}
