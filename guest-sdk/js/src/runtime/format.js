/** Formats the arguments of `console.log` as Node's `util.format` does. Objects are shown by the package object-inspect. */

import inspect from "object-inspect";

import { described } from "./stack.js";

/** Replaces `%s` and the like in the first argument, and appends the rest. */
export function format(args) {
  const [first] = args;
  if (typeof first !== "string") return args.map(shown).join(" ");
  if (args.length === 1) return first;
  let used = 1;
  const text = first.replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%") return "%";
    if (used === args.length) return directive;
    used += 1;
    return DIRECTIVES[directive[1]](args[used - 1]);
  });
  return [text, ...args.slice(used).map(shown)].join(" ");
}

/** For object-inspect: shows what is in an object, but not what is in that. */
const NESTED_HIDDEN = { depth: 1 };

const DIRECTIVES = {
  s: (value) => {
    if (typeof value === "bigint" || Object.is(value, -0)) return number(value);
    return typeof value !== "object" || value === null || hasText(value) ? String(value) : shown(value, NESTED_HIDDEN);
  },
  d: (value) => number(typeof value === "bigint" ? value : typeof value === "symbol" ? NaN : Number(value)),
  i: (value) => number(typeof value === "bigint" ? value : typeof value === "symbol" ? NaN : parseInt(value)),
  f: (value) => number(typeof value === "symbol" ? NaN : parseFloat(value)),
  j: json,
  o: (value) => shown(value),
  O: (value) => shown(value),
  c: () => "",
};

function number(value) {
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

function json(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (/circular|cyclic/i.test(error.message)) return "[Circular]";
    throw error;
  }
}

/** Whether an object has a `toString` that is not the engine's. */
function hasText({ toString }) {
  return typeof toString === "function" && !/\[native code\]/.test(Function.prototype.toString.call(toString));
}

function shown(value, options) {
  if (typeof value === "string") return value;
  return described(value) ?? inspect(value, options);
}
