/** The component's exports: the description of its namespace, and the handling of one event. */

import { acknowledge } from "realtime:gateway/acknowledgement@0.1.1";

import { carryOut } from "./commands.js";
import { keepData } from "./data.js";
import { rejection } from "./errors.js";
import { begin } from "./event.js";
import { partsOf } from "./namespace.js";
import { decode, encode } from "./payload.js";
import { onOneLine } from "./stack.js";

/** The contract's `event-handler` for the exports of a file. */
export function serve(exported) {
  const { ns, path, handlers } = namespaceOf(exported);
  const describe = () => ({ namespace: path ?? null, ...handlers.describe() });
  const handle = async ({ name, payload, wantsAck }) => {
    const event = begin();
    let acknowledged = false;
    const args = decode(payload);
    // The first call of the callback is the acknowledgement: a command, in the order of all others. The returned value
    // is used only if there was no call.
    const callback = (...values) => {
      if (acknowledged) return;
      carryOut("ack", () => acknowledge(encode(values)));
      acknowledged = true;
    };
    if (wantsAck) args.push(callback);
    try {
      let first;
      for (const handler of handlers.of(name)) {
        const returned = await handler.apply(ns, args);
        if (first === undefined) first = returned;
      }
      if (event.cache !== undefined) keepData();
      logUnawaited(event);
      return wantsAck && !acknowledged && first !== undefined ? encode([first]) : null;
    } catch (error) {
      logUnawaited(event, error);
      if (!acknowledged) throw handlerError(name, error);
      // An acknowledgement stays valid, like every other call before the error.
      console.error(onOneLine(error));
      return null;
    }
  };
  return { describe, handle };
}

function namespaceOf(exported) {
  for (const ns of [exported.default, exported.default?.default]) {
    const parts = partsOf(ns);
    if (parts) return { ns, ...parts };
  }
  const several = [exported.default, exported.default?.default].flat().filter((value) => partsOf(value) !== undefined);
  if (several.length > 0) {
    throw new Error("the file exports a list: one file is one namespace. Give each a file of its own, and serve them all: `host run a.js b.js`");
  }
  throw new Error("the file does not export its namespace: end it with `module.exports = ns` or `export default ns`");
}

/** Logs the errors of commands that nobody awaited, except for the one that the handler failed with. */
function logUnawaited({ unawaited }, failedWith) {
  if (unawaited === undefined) return;
  for (const error of unawaited) {
    if (error !== failedWith) console.error(onOneLine(error));
  }
}

/** The contract's `handler-error`. */
function handlerError(event, error) {
  const val = event === "$connect" ? rejection(error) : undefined;
  return val === undefined ? { tag: "failed", val: onOneLine(error) } : { tag: "rejected", val };
}
