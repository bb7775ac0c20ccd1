/** Positions in the bundle as positions in the handler's own files; for the component, and for errors of its build. */

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** What the engines call the bundle: QuickJS, and StarlingMonkey where the build names it so. */
const POSITION = /(?:componentize-qjs:user|realtime-handler)\.js:(\d+):(\d+)/;

/** A function that replaces every position of a text; lines that point into the SDK are left out. */
export function mapper(source) {
  let map;
  const mappedLine = (line) => {
    // The SDK calls handlers so.
    if (line.trim() === "at apply (native)") return undefined;
    const found = POSITION.exec(line);
    if (!found) return line;
    map ??= new TraceMap(source());
    const original = originalPositionFor(map, { line: Number(found[1]), column: found[2] - 1 });
    if (original.source === null) return undefined;
    return line.replace(found[0], `${original.source}:${original.line}:${original.column + 1}`);
  };
  return (text) => {
    if (!POSITION.test(text)) return text;
    return text.split("\n").map(mappedLine).filter((line) => line !== undefined).join("\n");
  };
}
