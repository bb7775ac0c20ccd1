/**
 * The event that is being handled. There is never more than one: an instance handles one event at a time.
 *
 * Values from the host are read once per event, when they are first used.
 */

let current;

/**
 * Begins an event. Few events need collections, so they are created at their first use: values of the host, timers and their
 * queue. `requests` is how many are under way; `wake` is called when something happened that the event's end waits for.
 */
export function begin(name) {
  current = { name, over: false, requests: 0, cache: undefined, timers: undefined, queue: undefined, wake: undefined };
  return current;
}

/** Whether an event is being handled. False at the top level of a handler's file. */
export function handling() {
  return current !== undefined;
}

/** The current event. Throws outside of events; `call` is the name for the error. */
export function currentEvent(call) {
  if (current === undefined) {
    throw new Error(`${call} works inside an event handler only: the top level of the file runs once, when it is built`);
  }
  return current;
}

/** The value of `name` for the whole event; `read` gets it at the first use. */
export function cached(name, read) {
  const cache = (currentEvent(name).cache ??= new Map());
  if (!cache.has(name)) cache.set(name, read());
  return cache.get(name);
}
