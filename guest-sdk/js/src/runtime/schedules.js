/** The schedules of a namespace, in the order of registration. When they are due is the host's business, which checks their times. */

import { kind } from "./check.js";
import { handling } from "./event.js";

export class Schedules {
  #named = new Map();

  /** `given` is a handler, or a time zone and a handler. */
  add(times, given) {
    const [timeZone, handler] = given.length > 1 ? given : [undefined, given[0]];
    for (const text of timeZone === undefined ? [times] : [times, timeZone]) {
      if (typeof text !== "string") throw new TypeError(`schedule: times and a time zone are strings, not ${kind(text)}`);
    }
    if (typeof handler !== "function") throw new TypeError(`schedule: a handler is a function, not ${kind(handler)}`);
    if (handling()) {
      throw new Error("schedule inside a handler has no effect: each event has a new instance; register at the top level");
    }
    this.#named.set(this.#name(times, timeZone), { times, timeZone, handler });
  }

  /** The times; from the second schedule with the same times on, also its number. As in the other languages' SDKs. */
  #name(times, timeZone) {
    const name = timeZone === undefined ? times : `${times} ${timeZone}`;
    for (let number = 1; ; number += 1) {
      const numbered = number === 1 ? name : `${name} #${number}`;
      if (!this.#named.has(numbered)) return numbered;
    }
  }

  handlerOf(name) {
    return this.#named.get(name)?.handler;
  }

  /** The contract's list of them. */
  describe() {
    return [...this.#named].map(([name, { times, timeZone }]) => ({ name, times, timeZone: timeZone ?? null }));
  }
}
