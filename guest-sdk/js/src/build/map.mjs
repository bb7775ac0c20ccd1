/** The bundle's source map, reduced to the positions in the handler's own files, which stack traces need. */

import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { decode } from "@jridgewell/sourcemap-codec";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** The name of the generated module that a bundle starts with. */
export const ENTRY = "realtime-entry.js";

/**
 * The handler's files, and for each line of the bundle its segments, in order. A segment has the column where it
 * starts, and the index of the file, the line and the column that it comes from, all counted from 0. Code of the SDK
 * has no file: its frames are not shown. `moved` gives the column of a position of the map in the bundle as it is now.
 */
export function handlersMap({ sources, mappings }, root, moved) {
  const kept = sources.filter((source) => isHandlers(source, root));
  const index = sources.map((source) => kept.indexOf(source));
  const lines = decode(mappings).map((line, row) =>
    merged(line.map(([column, ...origin]) => placed([moved(row, column), ...origin], index))),
  );
  return { sources: kept, lines };
}

/** A segment without its name, with the index of a kept file or with none. */
function placed([column, source, ...place], index) {
  const kept = source === undefined ? -1 : index[source];
  return kept < 0 ? [column] : [column, kept, place[0], place[1]];
}

/** Merges neighbouring segments that have no file. */
function merged(line) {
  return line.filter((segment, i) => segment.length > 1 || line[i - 1]?.length !== 1);
}

function isHandlers(source, root) {
  const inside = relative(PACKAGE, resolve(root, source));
  return source !== ENTRY && !/^(src|node_modules)[/\\]/.test(inside);
}
