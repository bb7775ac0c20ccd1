/** The bundle's source map, reduced to what stacks need: positions in the handler's own files. */

import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { decode } from "@jridgewell/sourcemap-codec";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** The name of the file that the build makes up to start with. */
export const ENTRY = "realtime-entry.js";

/**
 * The handler's files, and for each line of the bundle its segments, in order: the column where one starts, and the file, the
 * line and the column, from 0, that it was made of. What was made of the SDK, whose frames nobody wants to see, has none.
 */
export function handlersMap({ sources, mappings }, root) {
  const kept = sources.filter((source) => isHandlers(source, root));
  const index = sources.map((source) => kept.indexOf(source));
  const lines = decode(mappings).map((line) => merged(line.map((segment) => moved(segment, index))));
  return { sources: kept, lines };
}

/** A segment without its name, pointing to a kept source or to none. */
function moved([column, source, ...place], index) {
  const kept = source === undefined ? -1 : index[source];
  return kept < 0 ? [column] : [column, kept, place[0], place[1]];
}

/** One segment is enough for a stretch that has no source. */
function merged(line) {
  return line.filter((segment, i) => segment.length > 1 || line[i - 1]?.length !== 1);
}

function isHandlers(source, root) {
  const inside = relative(PACKAGE, resolve(root, source));
  return source !== ENTRY && !/^(src|node_modules)[/\\]/.test(inside);
}
