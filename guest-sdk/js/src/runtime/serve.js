/** The component's exports: what a namespace is, and how it handles one event. */

import { keepData } from "./data.js";
import { rejection } from "./errors.js";
import { begin, event } from "./event.js";
import { partsOf } from "./namespace.js";
import { decode, encode } from "./payload.js";
import { onOneLine } from "./stack.js";

/** The contract's `event-handler` for what a file exports. */
export function serve(exported) {
  const { ns, path, handlers } = namespaceOf(exported);
  const describe = () => ({ namespace: path ?? null, ...handlers.describe() });
  const handle = async ({ name, payload, wantsAck }) => {
    begin(ns);
    const ack = acknowledgement(wantsAck);
    try {
      const returned = await run(ns, handlers.of(name, [...decode(payload), ...ack.callback]));
      keepData();
      reportRejected();
      return ack.payload(returned);
    } catch (error) {
      reportRejected(error);
      if (ack.sent) return afterAck(ack, error);
      throw refused(name, error);
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

/** Runs handlers one after the other, and returns the first value that one returns. */
async function run(ns, handlers) {
  let first;
  for (const [handler, args] of handlers) {
    const returned = await handler.apply(ns, args);
    if (first === undefined) first = returned;
  }
  return first;
}

/** The answer that a client waits for, if it does. The callback counts before the returned value, and only once. */
function acknowledgement(wanted) {
  let payload;
  const callback = (...values) => {
    payload ??= encode(values);
  };
  return {
    callback: wanted ? [callback] : [],
    get sent() {
      return payload !== undefined;
    },
    payload: (returned) => payload ?? (wanted && returned !== undefined ? encode([returned]) : null),
  };
}

/** What was acknowledged stands, as every call before the error does. */
function afterAck(ack, error) {
  console.error(onOneLine(error));
  return ack.payload();
}

/** Logs the errors of commands that nobody awaited, other than the one that the handler failed with. */
function reportRejected(failedWith) {
  for (const error of event("the end").rejected) {
    if (error !== failedWith) console.error(onOneLine(error));
  }
}

/** The contract's `handler-error`. */
function refused(event, error) {
  const val = event === "$connect" ? rejection(error) : undefined;
  return val === undefined ? { tag: "failed", val: onOneLine(error) } : { tag: "rejected", val };
}
