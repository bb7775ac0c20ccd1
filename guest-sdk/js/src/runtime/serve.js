/** The component's exports: what a namespace is, and how it handles one event. */

import { keepData } from "./data.js";
import { rejection } from "./errors.js";
import { begin } from "./event.js";
import { partsOf } from "./namespace.js";
import { decode, encode } from "./payload.js";
import { onOneLine } from "./stack.js";

/** The contract's `event-handler` for what a file exports. */
export function serve(exported) {
  const { ns, path, handlers } = namespaceOf(exported);
  const describe = () => ({ namespace: path ?? null, ...handlers.describe() });
  const handle = async ({ name, payload, wantsAck }) => {
    const current = begin();
    let ack = null;
    const args = decode(payload);
    // The callback counts before the returned value, and only once.
    if (wantsAck) args.push((...values) => void (ack ??= encode(values)));
    try {
      let first;
      for (const handler of handlers.of(name)) {
        const returned = await handler.apply(ns, args);
        if (first === undefined) first = returned;
      }
      if (current.cache !== undefined) keepData();
      reportRejected(current);
      if (wantsAck && first !== undefined) ack ??= encode([first]);
      return ack;
    } catch (error) {
      reportRejected(current, error);
      if (ack === null) throw refused(name, error);
      // What was acknowledged stands, as every call before the error does.
      console.error(onOneLine(error));
      return ack;
    }
  };
  return { describe, handle };
}

function namespaceOf(exported) {
  for (const ns of [exported.default, exported.default?.default]) {
    const parts = partsOf(ns);
    if (parts) return { ns, ...parts };
  }
  throw new Error("the file does not export its namespace: end it with `module.exports = ns` or `export default ns`");
}

/** Logs the errors of commands that nobody awaited, other than the one that the handler failed with. */
function reportRejected({ rejected }, failedWith) {
  if (rejected === undefined) return;
  for (const error of rejected) {
    if (error !== failedWith) console.error(onOneLine(error));
  }
}

/** The contract's `handler-error`. */
function refused(event, error) {
  const val = event === "$connect" ? rejection(error) : undefined;
  return val === undefined ? { tag: "failed", val: onOneLine(error) } : { tag: "rejected", val };
}
