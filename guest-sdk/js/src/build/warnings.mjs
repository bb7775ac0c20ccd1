/** Warnings about calls that build, and then do something else than in Node. They are looked for in the bundle's text. */

import { ownerOf, adviceFor } from "./packages.mjs";

const CALLS = /\.(toLocale(?:Date|Time)?String|toLocale(?:Upper|Lower)Case|localeCompare)\(|\bIntl\.\w+|\bcrypto\.subtle\b/g;

/** Arguments are looked at up to this length. */
const LONGEST = 2000;

/** The warnings, each once for a file's line or a package. `map` is the bundle's, from `handlersMap`. */
export function warningsOf(code, map, engine) {
  const warnings = new Set();
  const starts = lineStarts(code);
  for (const match of code.matchAll(CALLS)) {
    const place = placeOf(map, starts, match.index);
    const owner = place && ownerOf(place.source);
    const text = place && warned(code, match, engine, owner);
    if (text === undefined) continue;
    const where = owner ?? `${place.source}:${place.line}:${place.column}`;
    warnings.add(owner === undefined ? `${where}: ${text}` : `the package \`${where}\`: ${text}`);
  }
  return [...warnings];
}

function warned(code, match, engine, owner) {
  const [found, call] = match;
  if (found === "crypto.subtle") {
    if (engine !== "quickjs") return undefined;
    const hint = adviceFor(owner) ?? "use a package in plain JavaScript, such as `@noble/hashes`";
    return `\`crypto.subtle\` is not there: what calls it fails in the event\n  hint: ${hint}`;
  }
  // Packages may have it for other environments.
  if (owner !== undefined) return undefined;
  if (call === undefined) return `\`${found}\` is not there, and fails in the event: the engine has no \`Intl\``;
  const plain = call === "localeCompare" ? 1 : 0;
  if (countArguments(code, match.index + found.length) <= plain) return undefined;
  return `\`${call}\` ignores locale and options: the engine has no \`Intl\`, and does the same for every locale`;
}

/** How many arguments a call has whose parenthesis ends before `at`. */
function countArguments(code, at) {
  let [depth, count, quote] = [0, 0, undefined];
  for (let i = at; i < Math.min(code.length, at + LONGEST); i += 1) {
    const char = code[i];
    if (quote !== undefined) {
      if (char === "\\") i += 1;
      else if (char === quote) quote = undefined;
      continue;
    }
    if (char === ")" && depth === 0) return count;
    if (count === 0) count = 1;
    if ("\"'`".includes(char)) quote = char;
    else if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth -= 1;
    else if (char === "," && depth === 0) count += 1;
  }
  return count;
}

function lineStarts(code) {
  const starts = [0];
  for (let at = code.indexOf("\n"); at >= 0; at = code.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The handler's file, line and column that a position in the bundle comes from; undefined in the SDK. */
function placeOf({ sources, lines }, starts, at) {
  const row = starts.findLastIndex((start) => start <= at);
  const [, source, line, column] = lines[row]?.findLast(([start]) => start <= at - starts[row]) ?? [];
  return source === undefined ? undefined : { source: sources[source], line: line + 1, column: column + 1 };
}
