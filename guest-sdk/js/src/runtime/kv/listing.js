/** Goes through entries, or keys, in the order of the keys' bytes. Pages are fetched as they are asked for. */

import * as host from "realtime:gateway/kv@0.1.1";

import { kind } from "../check.js";
import { currentEvent } from "../event.js";
import { fulfilled } from "../promises.js";
import { asked, settled } from "./asked.js";
import { keyOf } from "./given.js";
import { decode } from "./values.js";

/** Entries of one page. */
const PAGE = 100;

/** Not an `async` generator: that would count as work until it has ended, also where nobody goes through all of it. */
export class Listing {
  #call;
  #prefix;
  #keysOnly;
  /** How many entries may still be given. */
  #left;
  #cursor;
  #page = [];
  #at = 0;
  /** Whether the page is the last one. */
  #over = false;

  constructor(call, prefix, { after, limit = Infinity }, keysOnly) {
    currentEvent(call);
    if (typeof limit !== "number") throw new TypeError(`${call}: a limit is a number, not ${kind(limit)}`);
    this.#call = call;
    this.#prefix = keyOf(call, prefix);
    this.#cursor = after === undefined || after === null ? null : keyOf(call, after);
    this.#left = limit;
    this.#keysOnly = keysOnly;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    if (this.#left > 0 && this.#at < this.#page.length) return settled(this.#call, () => this.#given());
    if (!(this.#left > 0) || this.#over) return this.return();
    return asked(this.#call, () => {
      this.#fetch();
      return this.#page.length > 0 ? this.#given() : { value: undefined, done: true };
    });
  }

  /** Called when a loop is left before its end. */
  return() {
    this.#left = 0;
    return fulfilled({ value: undefined, done: true });
  }

  #given() {
    const [key, { value }] = this.#page[this.#at];
    this.#at += 1;
    this.#left -= 1;
    return { value: this.#keysOnly ? key : [key, decode(this.#call, key, value)], done: false };
  }

  /** Fetches the next page that is not empty, if there is one. */
  #fetch() {
    this.#at = 0;
    do {
      const limit = Math.min(PAGE, Math.ceil(this.#left));
      const selection = { prefix: this.#prefix, cursor: this.#cursor, limit, keysOnly: this.#keysOnly };
      const { entries, cursor } = host.listEntries(selection);
      this.#page = entries;
      this.#cursor = cursor ?? null;
    } while (this.#page.length === 0 && this.#cursor !== null);
    this.#over = this.#cursor === null;
  }
}
