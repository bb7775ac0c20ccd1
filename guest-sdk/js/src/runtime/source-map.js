/** Positions in the bundle as positions in the handler's own files; for the component, and for errors of its build. */

/** What the engines call the bundle: QuickJS, and StarlingMonkey where the build names it so. */
const POSITION = /(?:componentize-qjs:user\.js|realtime-handler):(\d+):(\d+)/;

/** Frames of what calls the handlers. */
const CALLERS = /^\s+at ((?:apply|call) \(native\)$|export_eventHandler)/;

/**
 * A function that replaces every position of a text; lines that point into the SDK are left out. `source` gives the map, as
 * the text of what the build's `handlersMap` returns, or nothing while the file is still being evaluated.
 */
export function mapper(source) {
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
    const json = map === undefined ? source() : undefined;
    if (json !== undefined) map = JSON.parse(json);
    if (map === undefined) return text;
    return text.split("\n").map(mappedLine).filter((line) => line !== undefined).join("\n");
  };
}
