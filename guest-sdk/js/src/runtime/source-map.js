/** Maps positions in the bundle to the handler's own files, both in the component and for errors of its build. */

/** The bundle's name in stack traces: QuickJS's own name, and the one that the build gives to StarlingMonkey. */
const POSITION = /(?:componentize-qjs:user\.js|realtime-handler):(\d+):(\d+)/;

/** Frames of the code that calls the handlers. */
const CALLERS = /^\s+at ((?:apply|call|next|throw) \(native\)$|export_eventHandler)/;

/**
 * Returns a function that replaces the positions in a text and removes lines that point into the SDK. `load` returns
 * the map that the build's `handlersMap` made, as JSON text; or undefined while the file is still being evaluated.
 */
export function mapper(load) {
  let map;
  const mappedLine = (line) => {
    if (CALLERS.test(line)) return undefined;
    const found = POSITION.exec(line);
    if (!found) return line;
    const segments = map.lines[found[1] - 1] ?? [];
    const [, source, row, column] = segments.findLast(([start]) => start < found[2]) ?? [];
    return source === undefined ? undefined : line.replace(found[0], `${map.sources[source]}:${row + 1}:${column + 1}`);
  };
  return (text) => {
    if (!POSITION.test(text)) return text;
    const json = map === undefined ? load() : undefined;
    if (json !== undefined) map = JSON.parse(json);
    if (map === undefined) return text;
    return text.split("\n").map(mappedLine).filter((line) => line !== undefined).join("\n");
  };
}
