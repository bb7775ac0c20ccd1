/** Checks arguments of calls before they reach the engine's bindings, which end the instance if a type is wrong. */

/** The name of an event. */
export function eventName(call, name) {
  if (typeof name === "number") return String(name);
  if (typeof name !== "string") throw new TypeError(`${call}: an event's name is a string, not ${kind(name)}`);
  return name.toWellFormed();
}

/** One room or several. */
export function rooms(call, given) {
  const list = given instanceof Set ? [...given] : Array.isArray(given) ? given : [given];
  return list.map((room) => {
    if (typeof room === "number") return String(room);
    if (typeof room !== "string") throw new TypeError(`${call}: a room is a string, not ${kind(room)}`);
    return room.toWellFormed();
  });
}

/** A timeout as the contract has it: whole milliseconds, at most 2³¹ − 1. */
export function milliseconds(call, given) {
  if (typeof given !== "number" || Number.isNaN(given)) {
    throw new TypeError(`${call}: a timeout is a number of milliseconds, not ${kind(given)}`);
  }
  return Math.trunc(Math.min(Math.max(given, 0), 0x7fffffff));
}

/** The type of a value, for error messages. */
export function kind(value) {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}
