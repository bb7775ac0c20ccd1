/** The component's exports: the description of its namespace, and the handling of one event. */

import { acknowledge } from "realtime:gateway/acknowledgement@0.1.1";

import { carryOut } from "./commands.js";
import { keepData } from "./data.js";
import { end, isOver, over } from "./ending.js";
import { rejection } from "./errors.js";
import { begin } from "./event.js";
import { mayAcknowledge } from "./handlers.js";
import { partsOf } from "./namespace.js";
import { decode, encode } from "./payload.js";
import { __realtime_caught, after, begin as beginPromises, fulfilled, handOver, rejected } from "./promises.js";
import { onOneLine } from "./stack.js";

/** The contract's `event-handler` for the exports of a file. */
export function serve(exported) {
  const { ns, path, handlers } = namespaceOf(exported);
  const describe = () => ({ namespace: path ?? null, ...handlers.describe() });
  const handle = (event) => {
    try {
      return handOver(fulfilled(new Call(event, handlers.of(event.name), ns).from(0)));
    } catch (error) {
      return handOver(rejected(error));
    }
  };
  return { describe, handle };
}

/** The namespace that a file exports, with its parts. */
export function namespaceOf(exported) {
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

/**
 * The handling of one event, or the run of a schedule. `from` returns the acknowledgement, or a promise of it.
 *
 * Not an `async` function: where the handlers do not wait, this does not either, as each turn makes every event dearer.
 */
export class Call {
  acknowledged = false;
  first = undefined;
  failure = undefined;

  constructor({ name, payload, wantsAck }, handlers, ns) {
    this.event = begin(name);
    beginPromises();
    this.handlers = handlers;
    this.ns = ns;
    this.wantsAck = wantsAck;
    this.args = decode(payload);
    // The first call of the callback is the acknowledgement: a command, in the order of all others. A returned value is
    // used only if there was no call.
    if (wantsAck) this.args.push((...values) => this.acknowledge(values));
  }

  acknowledge(values) {
    if (this.acknowledged) return;
    carryOut("ack", () => acknowledge(encode(values)));
    this.acknowledged = true;
    this.event.wake?.();
  }

  /** Runs the handlers, one after the other, from the one at `index` on. */
  from(index) {
    for (let i = index; i < this.handlers.length; i += 1) {
      try {
        const returned = this.handlers[i].apply(this.ns, this.args);
        if (typeof returned?.then === "function") return __realtime_settled(this, returned, i + 1);
        this.returned(returned);
      } catch (error) {
        return this.failed(error);
      }
    }
    return this.ended();
  }

  returned(value) {
    if (this.first === undefined) this.first = value;
  }

  failed(error) {
    // The host logs it.
    __realtime_caught(error);
    this.failure = { error };
    // Nothing of a refused connection is kept.
    return this.event.name === "$connect" ? this.outcome() : this.ended();
  }

  ended() {
    if (isOver(this.event, this)) return this.outcome();
    return after(over(this.event, this), () => this.outcome());
  }

  /** Whether the client waits for an acknowledgement that a handler may still give. */
  isOwed() {
    if (!this.wantsAck || this.acknowledged || this.first !== undefined) return false;
    return this.handlers.some((handler) => mayAcknowledge(handler, this.args.length));
  }

  outcome() {
    const answer = this.failure === undefined ? this.answer() : null;
    const { acknowledged, failure } = this;
    end(this.event, failure);
    if (failure === undefined) return answer;
    if (!acknowledged) throw handlerError(this.event.name, failure.error);
    // An acknowledgement stays valid, like every other call before the error.
    console.error(onOneLine(failure.error));
    return null;
  }

  /** The acknowledgement, if it is a value that a handler returned. */
  answer() {
    try {
      if (this.event.cache !== undefined) keepData();
      return this.wantsAck && !this.acknowledged && this.first !== undefined ? encode([this.first]) : null;
    } catch (error) {
      this.failure = { error };
      return null;
    }
  }
}

/** Goes on with the handlers when one has settled. With `await`, as `then` is several times dearer in QuickJS. */
async function __realtime_settled(call, returned, next) {
  try {
    call.returned(await returned);
  } catch (error) {
    return call.failed(error);
  }
  return call.from(next);
}

/** The contract's `handler-error`. */
function handlerError(event, error) {
  const val = event === "$connect" ? rejection(error) : undefined;
  return val === undefined ? { tag: "failed", val: onOneLine(error) } : { tag: "rejected", val };
}
