/** Positions in the bundle as positions in the handler's own files; for the component, and for errors of its build. */

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** What the engines call the bundle: QuickJS, and StarlingMonkey where the build names it so. */
const POSITION = /(?:componentize-qjs:user\.js|realtime-handler):(\d+):(\d+)/;

/** Frames of what calls the handlers. */
const CALLERS = /^\s+at (apply \(native\)$|export_eventHandler)/;

/**
 * A function that replaces every position of a text; lines that point into the SDK are left out. `source` gives the map's
 * text, or nothing while the file is still being evaluated.
 */
export function mapper(source) {
  let map;
  const mappedLine = (line) => {
    if (CALLERS.test(line)) return undefined;
    const found = POSITION.exec(line);
    if (!found) return line;
    const original = originalPositionFor(map, { line: Number(found[1]), column: found[2] - 1 });
    if (original.source === null) return undefined;
    return line.replace(found[0], `${original.source}:${original.line}:${original.column + 1}`);
  };
  return (text) => {
    if (!POSITION.test(text)) return text;
    const json = map === undefined ? source() : undefined;
    if (json !== undefined) map = new TraceMap(json);
    if (map === undefined) return text;
    return text.split("\n").map(mappedLine).filter((line) => line !== undefined).join("\n");
  };
}
