/**
 * `kv`: the key-value store of the namespace. In the bundle only where the handler, or a package of it, names the global.
 *
 * The host carries out each call before it returns. So the promises are settled already: nothing is at work, and a call
 * costs a turn only where it is awaited.
 */

import * as host from "realtime:gateway/kv@0.1.1";

import { kind } from "../check.js";
import { currentEvent } from "../event.js";
import { asked } from "./asked.js";
import { KvError } from "./errors.js";
import { keyOf, keysOf, milliseconds, pairsOf, wholeNumber } from "./given.js";
import { Listing } from "./listing.js";
import { decode, encode } from "./values.js";

/** How often `update` tries. Each time that it fails, another handler was faster. */
const ATTEMPTS = 100;

const calls = {
  get(call, key) {
    const name = keyOf(call, key);
    return valueOf(call, name, host.get(name));
  },

  has(call, key) {
    return host.has(keyOf(call, key));
  },

  set(call, key, value, ttlMs) {
    host.set(keyOf(call, key), encode(call, value), milliseconds(call, ttlMs));
  },

  delete(call, key) {
    return host.delete(keyOf(call, key));
  },

  clear(call, prefix = "") {
    return Number(host.clear(keyOf(call, prefix)));
  },

  increment(call, key, delta = 1, ttlMs) {
    return Number(host.increment(keyOf(call, key), wholeNumber(call, delta), milliseconds(call, ttlMs)));
  },

  compareAndSet(call, key, expected, value, ttlMs) {
    const name = keyOf(call, key);
    const next = encodeOrDelete(call, value);
    const ttl = milliseconds(call, ttlMs);
    const first = expected === null ? ABSENT : { tag: "value", val: encode(call, expected) };
    const { tag, val: entry } = host.compareAndSet(name, first, next, ttl);
    if (tag === "done") return true;
    // JSON's null counts as no value, because `get` gives null for both.
    if (expected !== null || !entry || decode(call, name, entry.value) !== null) return false;
    return host.compareAndSet(name, { tag: "version", val: entry.version }, next, ttl).tag === "done";
  },

  getMany(call, keys) {
    const names = keysOf(call, keys);
    return host.getMany(names).map((entry, i) => valueOf(call, names[i], entry));
  },

  setMany(call, values, ttlMs) {
    const ttl = milliseconds(call, ttlMs);
    const assigned = ([key, value]) => ({ key: keyOf(call, key), value: encode(call, value), ttlMs: ttl });
    host.setMany(pairsOf(call, values).map(assigned));
  },

  deleteMany(call, keys) {
    return Number(host.deleteMany(keysOf(call, keys)));
  },
};

const ABSENT = { tag: "absent" };

function valueOf(call, key, entry) {
  return entry ? decode(call, key, entry.value) : null;
}

function encodeOrDelete(call, value) {
  return value === null ? null : encode(call, value);
}

/** Not among the calls above, because it waits for the function, which may be `async`. */
async function updated(call, key, change, { ttlMs, attempts = ATTEMPTS }) {
  if (typeof change !== "function") throw new TypeError(`${call} takes a function, not ${kind(change)}`);
  const name = keyOf(call, key);
  const ttl = milliseconds(call, ttlMs);
  let entry = await asked(call, () => host.get(name));
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const value = await change(valueOf(call, name, entry));
    if (value === undefined) {
      throw new TypeError(`${call}: the function returned nothing: it returns the new value, or null to delete the key`);
    }
    const next = encodeOrDelete(call, value);
    const expected = entry ? { tag: "version", val: entry.version } : ABSENT;
    const { tag, val } = await asked(call, () => host.compareAndSet(name, expected, next, ttl));
    if (tag === "done") return value;
    entry = val;
  }
  throw new KvError(`${call}: \`${name}\` was changed by others ${attempts} times meanwhile`, "conflict");
}

function update(key, change, options = {}) {
  const call = "kv.update";
  currentEvent(call);
  return updated(call, key, change, options);
}

const list = (prefix = "", options = {}) => new Listing("kv.list", prefix, options, false);
const keys = (prefix = "", options = {}) => new Listing("kv.keys", prefix, options, true);

const promised = Object.entries(calls).map(([name, run]) => {
  const call = `kv.${name}`;
  return [name, (...args) => asked(call, () => run(call, ...args))];
});

/** The global. Its functions need no `this`. */
export const kv = Object.freeze({ ...Object.fromEntries(promised), update, list, keys });
