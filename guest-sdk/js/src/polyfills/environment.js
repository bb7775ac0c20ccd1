/**
 * `process.env`: in a handler, what `host run --env` grants.
 *
 * The top level runs when the component is built, and nothing is granted then. So what the handler's own files read there
 * would silently be something else: that is an error of the build, also where a package reads on their behalf. Packages
 * that ask while they are loaded get what they get in a production build. The object itself can be kept: it reads late.
 */

import { getEnvironment } from "wasi:cli/environment@0.2.6";

import { cached, handling } from "../runtime/event.js";
import { described } from "../runtime/stack.js";

/** All that there is at build time. The bundler puts it in place of `process.env.NODE_ENV`, so it is the same in events. */
const BUILD = { NODE_ENV: "production" };

/** What packages ask for to choose how they log: these may be read at any time. */
const HARMLESS = new Set(["NODE_ENV", "NODE_DEBUG", "DEBUG", "CI", "TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR"]);

/** More calls than a stack has that loads packages. */
const STACK_DEPTH = 1000;

/** The first refused read. It is kept because whoever reads may catch the error. */
let refused;

const hidden = { value: BUILD.NODE_ENV, writable: true, configurable: true, enumerable: false };

function granted() {
  return cached("process.env", () => Object.defineProperty(Object.fromEntries(getEnvironment()), "NODE_ENV", hidden));
}

/** The variables as they may be read now. `name` is undefined for all of them. */
function variables(name, refuses) {
  if (handling()) return granted();
  if (typeof name === "symbol" || HARMLESS.has(name) || !refuses()) return BUILD;
  const what = name === undefined ? "`process.env` is listed" : `\`process.env.${name}\` is read`;
  const error = new Error(`${what} at the top level, which runs once, when the component is built: read it in the handler`);
  refused ??= error;
  throw error;
}

/** Whether the code that reads is a package's that is being loaded, and runs on nobody's behalf. */
function packageIsLoaded() {
  for (const line of callers()) {
    const [, called = "", file] = /^\s+at (?:(.*) \()?(.+):\d+:\d+\)?$/.exec(line) ?? [];
    // The function that loads a CommonJS module has the name of its file.
    if (isPackages(called)) return true;
    if (file !== undefined && !isPackages(file)) return false;
  }
  return true;
}

const isPackages = (path) => /(^|[/\\])node_modules[/\\]/.test(path);

/** Lines of the stack, the innermost first, without those of the SDK. */
function callers() {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_DEPTH;
  const text = described(new Error());
  Error.stackTraceLimit = limit;
  return text.split("\n").slice(1);
}

/** Throws if a read was refused, whether or not its error was caught. */
export function checkReads() {
  if (refused !== undefined) throw refused;
}

/** An object that can be kept. `refuses` tells whether it must not be read at the top level. */
function late(refuses) {
  return new Proxy({}, {
    get: (_, name) => variables(name, refuses)[name],
    has: (_, name) => name in variables(name, refuses),
    ownKeys: () => Reflect.ownKeys(variables(undefined, refuses)),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(variables(name, refuses), name),
    set: (_, name, value) => Reflect.set(variables(name, refuses), name, value),
    deleteProperty: (_, name) => Reflect.deleteProperty(variables(name, refuses), name),
  });
}

const forPackages = late(() => !packageIsLoaded());
/** Whoever reads it: a package may get it from the handler, and read it after a pause, when the stack does not tell. */
const forHandlers = late(() => true);

export function environment() {
  if (handling()) return granted();
  return packageIsLoaded() ? forPackages : forHandlers;
}
