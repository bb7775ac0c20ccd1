/**
 * Has `async` functions tell the SDK that they run, and what they throw: no engine tells which rejections nobody handles, nor
 * whether a promise is still at work.
 *
 * Functions of the SDK whose names begin with `__realtime_` are left alone, as they are no work of the handler's.
 *
 * A function that does not throw pays for two additions. Lowering it to a generator, whose promise the SDK could make itself,
 * would make it several times dearer.
 */

import { readFileSync } from "node:fs";

import { parse } from "acorn";

/** Defines what the inserted code uses. It comes last, so that positions in the bundle stay what they are. */
const WATCH = readFileSync(new URL("../runtime/watch.js", import.meta.url), "utf8");

/** What comes before and after the code of an `async` function. */
const BEFORE = "__realtime_running++;try{";
const AFTER = "}catch($e){throw __realtime_thrown($e)}finally{__realtime_running--}";

/**
 * Returns the code with the calls inserted, and `moved`: the column in it of a position in the bundle. Lines are counted from
 * 0, and stay what they are.
 */
export function instrumented(code) {
  const edits = [];
  visit(parse(code, { ecmaVersion: "latest", sourceType: "module" }), false, code, edits);
  edits.sort((a, b) => a.at - b.at || a.order - b.order);
  return { code: `${applied(code, edits)}\n${WATCH}`, moved: columns(code, edits) };
}

/** Looks for `async` functions, and for the `catch` clauses in them. */
function visit(node, isAsync, code, edits) {
  const insert = (at, text, end = at) => edits.push({ at, text, end, order: edits.length });
  // Where functions end together, the inner ones come first.
  const close = (at, text) => edits.push({ at, text, end: at, order: Number.MAX_SAFE_INTEGER - edits.length });
  const isFunction = /Function/.test(node.type);
  const isOurs = node.id?.name?.startsWith("__realtime_");
  if (isFunction && node.async && !isOurs && !repeats(node.body)) wrap(node, code, insert, close);
  if (node.type === "CatchClause" && isAsync) tell(node, code, insert);
  for (const key in node) {
    const children = Array.isArray(node[key]) ? node[key] : [node[key]];
    for (const child of children) {
      if (typeof child?.type === "string") visit(child, isFunction ? node.async : isAsync, code, edits);
    }
  }
}

function wrap(node, code, insert, close) {
  const { body, end } = node;
  if (body.type === "BlockStatement") {
    insert(body.start + 1, BEFORE);
    close(body.end - 1, AFTER);
  } else {
    // The expression may be in parentheses.
    insert(code.lastIndexOf("=>", body.start) + 2, `{${BEFORE}return(`);
    close(end, `)${AFTER}}`);
  }
}

/** Tells the SDK that an error was caught. */
function tell({ start, param, body }, code, insert) {
  if (param?.type === "Identifier") insert(body.start + 1, `__realtime_caught(${param.name});`);
  else if (param === null) insert(start + "catch".length, "($e){__realtime_caught($e);", body.start + 1);
  else {
    insert(param.start, "$e){__realtime_caught($e);let ");
    insert(param.end, "=$e;", body.start + 1);
  }
}

/** Whether functions of a body have the same name, which is allowed at the top of a function only. */
function repeats({ body }) {
  if (!Array.isArray(body)) return false;
  const names = body.filter(({ type }) => type === "FunctionDeclaration").map(({ id }) => id.name);
  return new Set(names).size < names.length;
}

function applied(code, edits) {
  const parts = [];
  let from = 0;
  for (const { at, text, end } of edits) {
    parts.push(code.slice(from, at), text);
    from = end;
  }
  return parts.join("") + code.slice(from);
}

/** Tells for a position how far the edits have moved it. */
function columns(code, edits) {
  const lines = [];
  let line = 0;
  let start = 0;
  for (const { at, text, end } of edits) {
    for (let next; (next = code.indexOf("\n", start)) !== -1 && next < at; start = next + 1) line += 1;
    const known = (lines[line] ??= []);
    known.push({ column: end - start, by: (known.at(-1)?.by ?? 0) + text.length - (end - at) });
  }
  return (line, column) => column + lastBefore(lines[line] ?? [], column);
}

function lastBefore(edits, column) {
  let [low, high] = [0, edits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edits[middle].column <= column) low = middle + 1;
    else high = middle;
  }
  return edits[low - 1]?.by ?? 0;
}
