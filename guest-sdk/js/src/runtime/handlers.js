/** The handlers of a namespace, in the order of registration. */

export class Handlers {
  #named = new Map();
  #any = [];

  add(event, handler) {
    const known = this.#named.get(event);
    if (known === undefined) this.#named.set(event, [handler]);
    else known.push(handler);
  }

  addAny(handler) {
    this.#any.push(handler);
  }

  /** The part of the component's description that lists its events. */
  describe() {
    return { events: [...this.#named.keys()], anyEvent: this.#any.length > 0 };
  }

  /** The handlers that run for an event. Those of `onAny` come first, as in Socket.IO, but not for the host's own events. */
  of(event) {
    const named = this.#named.get(event) ?? [];
    if (this.#any.length === 0 || event === "$connect" || event === "$disconnect") return named;
    const any = this.#any.map((handler) => function (...args) {
      return handler.call(this, event, ...args);
    });
    return [...any, ...named];
  }
}

/** The parameters of a function, in its source. */
const PARAMETERS = /^[^]*?(?:=>|\)\s*\{)/;

/** Whether a handler may call the callback, the last of `count` arguments: whether it takes that many. */
export function mayAcknowledge(handler, count) {
  if (handler.length >= count) return true;
  // Rest and default parameters are not counted.
  const source = String(handler);
  return /\.\.\.|=(?!>)/.test(PARAMETERS.exec(source)?.[0]) || source.includes("arguments");
}
