/**
 * Stack traces that point into the handler's own files, in the form that they have in Node.
 *
 * The build appends a source map to the bundle, as text. It is parsed when a stack is read.
 */

import inspect from "object-inspect";

import { callee } from "./callee.js";
import { handling } from "./event.js";
import { mapper } from "./source-map.js";

const SOURCE_MAP = Symbol.for("realtime.source-map");

/** How many causes of an error are shown; there may be a circle of them. */
const MOST_CAUSES = 8;

export const mapped = mapper(() => globalThis[SOURCE_MAP]);

/** The engine's accessor. */
const native = Object.getOwnPropertyDescriptor(Error.prototype, "stack");

/** Gives `error.stack` the form of V8: the message first, and positions in the handler's files. */
export function install() {
  Object.defineProperty(Error.prototype, "stack", {
    ...native,
    get() {
      const stack = native.get.call(this);
      // During the build, the engine reads it for its own message. With `prepareStackTrace`, the handler makes it.
      return handling() && typeof stack === "string" && !Error.prepareStackTrace ? text(this, stack) : stack;
    },
  });
  const { captureStackTrace } = Error;
  if (captureStackTrace === undefined) return;
  Error.captureStackTrace = (object, ...rest) => {
    captureStackTrace(object, ...rest);
    if (!handling() || typeof object.stack !== "string" || Error.prepareStackTrace) return;
    const value = text(object, object.stack);
    Object.defineProperty(object, "stack", { value, writable: true, configurable: true });
  };
}

/** An error as text of several lines: name and message, frames, causes. */
export function described(error, causes = 0) {
  if (!(error instanceof Error)) return undefined;
  const shown = text(error, stackOf(error));
  if (error.cause === undefined || causes === MOST_CAUSES) return shown;
  return `${shown}\ncaused by ${described(error.cause, causes + 1) ?? inspect(error.cause)}`;
}

/** The same in one line, for the log. */
export function onOneLine(thrown) {
  const text = described(thrown) ?? `thrown: ${typeof thrown === "string" ? thrown : inspect(thrown)}`;
  const lines = text.toWellFormed().split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "").join(" ");
}

/** The stack as the engine has it, or as the handler has set it. */
function stackOf(error) {
  const stack = Object.hasOwn(error, "stack") ? error.stack : native.get?.call(error);
  return String(stack ?? "");
}

function text(error, stack) {
  const frames = frameLines(stack);
  const shown = mapped(frames).trimEnd();
  const head = headOf(error, frames);
  return shown === "" ? head : `${head}\n${shown}`;
}

/** Name and message. QuickJS's message does not tell what it is that is not a function. */
function headOf(error, frames) {
  const head = Error.prototype.toString.call(error);
  if (error.message !== "not a function") return head;
  const name = callee(frames);
  return name === undefined ? head : head.replace(/not a function$/, () => `${name} is not a function`);
}

/** The frames in V8's form, whatever the engine: `    at name (file:line:column)`. */
function frameLines(stack) {
  const frames = stack.split("\n").map((line) => {
    if (/^\s+at /.test(line)) return line;
    const spiderMonkey = /^([^@]*)@(.+:\d+:\d+)$/.exec(line);
    return spiderMonkey && `    at ${spiderMonkey[1] || "<anonymous>"} (${spiderMonkey[2]})`;
  });
  return frames.filter(Boolean).join("\n");
}
