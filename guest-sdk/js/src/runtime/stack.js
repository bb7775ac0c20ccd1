/**
 * Stack traces that point into the handler's own files.
 *
 * The build appends a source map to the bundle, as text. It is parsed when an error is shown.
 */

import { mapper } from "./source-map.js";

const SOURCE_MAP = Symbol.for("realtime.source-map");

export const mapped = mapper(() => globalThis[SOURCE_MAP]);

/** An error as text of several lines: name and message, frames, causes. */
export function described(error) {
  if (!(error instanceof Error)) return undefined;
  const frames = mapped(frameLines(error)).trimEnd();
  const head = `${error.name}: ${error.message}`;
  const text = frames === "" ? head : `${head}\n${frames}`;
  return error.cause === undefined ? text : `${text}\ncaused by ${described(error.cause) ?? String(error.cause)}`;
}

/** The same in one line, for the log. */
export function onOneLine(thrown) {
  const text = described(thrown) ?? `thrown: ${String(thrown)}`;
  return text.toWellFormed().replace(/\s*\n\s*/g, " ");
}

/** The frames in V8's form, whatever the engine: `    at name (file:line:column)`. */
function frameLines(error) {
  const lines = String(error.stack ?? "").split("\n");
  const frames = lines.map((line) => {
    if (/^\s+at /.test(line)) return line;
    const spiderMonkey = /^([^@]*)@(.+:\d+:\d+)$/.exec(line);
    return spiderMonkey && `    at ${spiderMonkey[1] || "<anonymous>"} (${spiderMonkey[2]})`;
  });
  return frames.filter(Boolean).join("\n");
}
