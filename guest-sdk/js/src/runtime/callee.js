/** Finds what was called where QuickJS says "not a function" only: in the bundle's text, which the build appends to it. */

const SOURCE = Symbol.for("realtime.source");

/** A position in the bundle, by QuickJS's name for it. */
const POSITION = /componentize-qjs:user\.js:(\d+):(\d+)/;
const NATIVE = /^\s+at (\S+) \(native\)/;

/** The text of the function that the first frame calls; undefined if it cannot be told. */
export function callee(frames) {
  const [first] = frames.split("\n", 1);
  const called = NATIVE.exec(first);
  // A function of the language, which was given something else than a function.
  if (called) return `what was given to \`${called[1]}\``;
  const [, row, column] = POSITION.exec(first) ?? [];
  const line = lineOf(globalThis[SOURCE], Number(row));
  if (line === undefined) return undefined;
  // The position is that of the last name, or that of the first one after `new`.
  const [before] = /(?:[\w$#]+\??\.)*$/.exec(line.slice(Math.max(0, column - 1 - LONGEST), column - 1));
  const [name] = /^[\w$#]*(?:\??\.[\w$#]+)*/.exec(line.slice(column - 1, column - 1 + LONGEST));
  return before + name === "" ? undefined : before + name;
}

/** The longest name that is shown. */
const LONGEST = 100;

function lineOf(source, row) {
  if (source === undefined || Number.isNaN(row)) return undefined;
  let start = 0;
  for (let at = 1; at < row; at += 1) start = source.indexOf("\n", start) + 1;
  const end = source.indexOf("\n", start);
  return source.slice(start, end === -1 ? undefined : end);
}
