/** Checks the arguments of calls before they reach the engine's bindings, which end the instance if a type is wrong. */

import { kind } from "../check.js";

/** A key or a prefix. */
export function keyOf(call, key) {
  if (typeof key === "number") return String(key);
  if (typeof key !== "string") throw new TypeError(`${call}: a key is a string, not ${kind(key)}`);
  return key.toWellFormed();
}

export function keysOf(call, keys) {
  if (!iterable(keys)) throw new TypeError(`${call}: keys are an array, not ${kind(keys)}`);
  return Array.from(keys, (key) => keyOf(call, key));
}

/** Keys with their values: pairs, a `Map`, or an object. */
export function pairsOf(call, values) {
  if (iterable(values)) return Array.from(values);
  if (typeof values === "object" && values !== null) return Object.entries(values);
  throw new TypeError(`${call}: values are an object, a Map or an array of pairs, not ${kind(values)}`);
}

function iterable(value) {
  return typeof value === "object" && typeof value?.[Symbol.iterator] === "function";
}

/** A time to live. One that is too long stays too long, so that the host refuses it. */
export function milliseconds(call, ttlMs) {
  if (ttlMs === undefined || ttlMs === null) return null;
  if (typeof ttlMs !== "number" || Number.isNaN(ttlMs)) {
    throw new TypeError(`${call}: a time to live is a number of milliseconds, not ${kind(ttlMs)}`);
  }
  return long(Math.trunc(Math.min(Math.max(ttlMs, 0), Number.MAX_SAFE_INTEGER)));
}

/** A number to add. */
export function wholeNumber(call, number) {
  if (!Number.isSafeInteger(number)) throw new TypeError(`${call}: what is added is a whole number, not ${number}`);
  if (number < 0 && IS_STARLINGMONKEY) {
    throw new TypeError(`${call}: with StarlingMonkey nothing can be subtracted, use kv.update`);
  }
  return long(number);
}

/** Its bindings (componentize-js 0.23) end the instance where a negative number is passed as 64 bits. */
const IS_STARLINGMONKEY = globalThis.__cqjs === undefined;

/** An integer of 64 bits as the engine's bindings take it: StarlingMonkey's as a `BigInt`, QuickJS's as a number. */
const long = IS_STARLINGMONKEY ? BigInt : Number;
