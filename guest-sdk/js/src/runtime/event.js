/**
 * The event that is being handled. There is never more than one: each has an instance of its own.
 *
 * What is read from the host is read once an event, when it is first asked for.
 */

let current;

/** Begins an event. What few events need is made when they do. */
export function begin() {
  current = { cache: undefined, rejected: undefined };
  return current;
}

/** Whether an event is being handled; at the top level of a handler's file none is. */
export function handling() {
  return current !== undefined;
}

/** The current event, for a call named `what`. */
export function event(what) {
  if (current === undefined) {
    throw new Error(`${what} works inside an event handler only: the top level of the file runs once, when it is built`);
  }
  return current;
}

/** A value that stays the same for the whole event. */
export function cached(what, read) {
  const cache = (event(what).cache ??= new Map());
  if (!cache.has(what)) cache.set(what, read());
  return cache.get(what);
}
