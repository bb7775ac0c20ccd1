/**
 * `console`: writes lines to the host's log.
 *
 * `log` and `info` go to stdout, which has level info. All others go to stderr; each line begins with its level in the
 * form of systemd's journal, `<3>` to `<7>`.
 */

import { getStderr } from "wasi:cli/stderr@0.2.6";
import { getStdout } from "wasi:cli/stdout@0.2.6";

import { cached, handling } from "./event.js";
import { format } from "./format.js";
import { described, mapped } from "./stack.js";
import { utf8 } from "./utf8.js";

/** The most bytes that one write of WASI accepts. */
const WRITE_SIZE = 4096;

const counts = new Map();
const timers = new Map();
let indent = "";

function print(stream, prefix, args) {
  const lines = mapped(format(args)).toWellFormed().split("\n");
  const bytes = utf8(lines.map((line) => `${prefix}${indent}${line}\n`).join(""));
  // Not kept at the top level of the file: whatever exists then becomes part of every event.
  const output = handling() ? cached(stream, stream) : stream();
  for (let start = 0; start < bytes.length; start += WRITE_SIZE) {
    output.blockingWriteAndFlush(bytes.slice(start, start + WRITE_SIZE));
  }
}

const info = (...args) => print(getStdout, "", args);
const warn = (...args) => print(getStderr, "<4>", args);
const error = (...args) => print(getStderr, "<3>", args);
const debug = (...args) => print(getStderr, "<7>", args);

export const console = {
  log: info,
  info,
  warn,
  error,
  debug,
  trace: (...args) => debug(`Trace: ${format(args)}\n${described(new Error()).split("\n").slice(1).join("\n")}`),
  dir: (value) => info(value),
  table: (value) => info(value),
  assert: (condition, ...args) => condition || error("Assertion failed:", ...args),
  group: (...args) => {
    if (args.length > 0) info(...args);
    indent += "  ";
  },
  groupEnd: () => {
    indent = indent.slice(2);
  },
  count: (label = "default") => {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    info(`${label}: ${counts.get(label)}`);
  },
  countReset: (label = "default") => counts.delete(label),
  time: (label = "default") => timers.set(label, performance.now()),
  timeLog: (label = "default", ...args) => info(`${label}: ${elapsed(label)}`, ...args),
  timeEnd: (label = "default") => {
    info(`${label}: ${elapsed(label)}`);
    timers.delete(label);
  },
};
console.groupCollapsed = console.group;

function elapsed(label) {
  return `${(performance.now() - (timers.get(label) ?? performance.now())).toFixed(3)}ms`;
}
