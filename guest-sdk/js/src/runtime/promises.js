/**
 * The promises of an event: what is at work, and the rejections that nobody handles.
 *
 * No engine tells. So the build has `async` functions count themselves and report what they throw and catch
 * (`build/instrument.mjs`), and `Promise` and `then` do the same here. An error that was thrown and that nobody has caught
 * when nothing is at work any more is one that nobody handles.
 */

import { handling } from "./event.js";

const Native = globalThis.Promise;
const { then } = Native.prototype;

/** The engine's own, for promises of the SDK. */
export const after = (promise, fulfilled, rejected) => then.call(promise, fulfilled, rejected);
export const fulfilled = (value) => Native.resolve(value);
export const rejected = (error) => Native.reject(error);
export const made = (executor) => new Native(executor);

/** Errors that were thrown, and that nobody has caught yet. */
const thrown = new Set();
/** How many callbacks of `then` have not run. */
let callbacks = 0;
/** Whether any error was thrown in this event. */
let someThrown = false;
let onThrown;

/** Sets what is called for each error that is thrown. */
export function whenThrown(callback) {
  onThrown = callback;
}

/** Begins an event: what the one before left is not its business. */
export function begin() {
  __realtime_running = 0;
  callbacks = 0;
  if (!someThrown) return;
  someThrown = false;
  thrown.clear();
}

/** Whether an `async` function or a callback of `then` has yet to end. It may wait for the host, or for ever. */
export function atWork() {
  return __realtime_running !== 0 || callbacks !== 0;
}

export function anyThrown() {
  return someThrown && thrown.size > 0;
}

/** Returns the errors that nobody has caught, once. */
export function uncaught() {
  const errors = [...thrown];
  thrown.clear();
  return errors;
}

/** An `async` function throws an error, or a promise is rejected with it. Returns the error. */
export function __realtime_thrown(error) {
  if (!handling()) return error;
  someThrown = true;
  thrown.add(error);
  onThrown();
  return error;
}

/** Somebody has caught an error. */
export function __realtime_caught(error) {
  thrown.delete(error);
}

/** The global `Promise`. Its prototype is the engine's, so that `instanceof` and subclasses work with both. */
function Promise(executor) {
  if (new.target === undefined) throw new TypeError("a Promise is made with `new`");
  return reported(new.target === Promise ? new Native(executor) : Reflect.construct(Native, [executor], new.target));
}
Object.setPrototypeOf(Promise, Native);
Object.defineProperty(Promise, "prototype", { value: Native.prototype, writable: false });

/** Reports a rejection before anybody can handle it, as this is the promise's first reaction. */
export function reported(promise) {
  if (handling()) then.call(promise, undefined, __realtime_thrown);
  return promise;
}

/** What a promise of several promises does with their errors is its own business. */
function combined(name, promises) {
  if (!handling() || typeof promises?.[Symbol.iterator] !== "function") return Native[name](promises);
  const list = Array.from(promises, (promise) => Native.resolve(promise));
  for (const promise of list) then.call(promise, undefined, __realtime_caught);
  return reported(Native[name](list));
}

/** The functions of the class. For subclasses they are the engine's. */
const statics = {
  resolve: (value) => Native.resolve(value),
  reject: (error) => Native.reject(__realtime_thrown(error)),
  try: (...args) => reported(Native.try(...args)),
  withResolvers: () => {
    const made = Native.withResolvers();
    reported(made.promise);
    return made;
  },
};
for (const name of ["all", "allSettled", "any", "race"]) statics[name] = (promises) => combined(name, promises);
for (const [name, own] of Object.entries(statics)) {
  const value = function (...args) {
    return this === Promise ? own(...args) : Native[name].apply(this, args);
  };
  if (Native[name] !== undefined) Object.defineProperty(Promise, name, { value, writable: true, configurable: true });
}

/** Puts the class in the place of the engine's, and has `then` report. `catch` and `finally` call it. */
export function install(define) {
  define("Promise", Promise);
  // Otherwise they would be left out of the bundle, where only the code that the build inserts calls them.
  define("__realtime_thrown", __realtime_thrown);
  define("__realtime_caught", __realtime_caught);
  const value = function (onFulfilled, onRejected) {
    return handling() ? watched(this, onFulfilled, onRejected) : then.call(this, onFulfilled, onRejected);
  };
  Object.defineProperty(Native.prototype, "then", { value, writable: true, configurable: true });
}

/** For the promise that the engine's bindings wait for: that is no work of the handler's. */
export function handOver(promise) {
  promise.then = then;
  return promise;
}

/** `then` of handlers, which counts as work until a callback has run. */
export function watched(promise, onFulfilled, onRejected) {
  callbacks += 1;
  return then.call(promise, reporting(onFulfilled), rejecting(onRejected));
}

function reporting(callback) {
  return (value) => {
    callbacks -= 1;
    if (typeof callback !== "function") return value;
    try {
      return callback(value);
    } catch (error) {
      throw __realtime_thrown(error);
    }
  };
}

function rejecting(callback) {
  return (error) => {
    callbacks -= 1;
    if (typeof callback !== "function") throw error;
    // The engine's functions pass the error on to another promise.
    if (!isNative(callback)) __realtime_caught(error);
    try {
      return callback(error);
    } catch (next) {
      throw __realtime_thrown(next);
    }
  };
}

function isNative(callback) {
  return /\[native code\]\s*\}$/.test(Function.prototype.toString.call(callback));
}
