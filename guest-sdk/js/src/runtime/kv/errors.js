/** The errors of the key-value store. */

import { RealtimeError } from "../errors.js";

/** A call of the store that failed. `code` is the contract's name for it, such as `quota-exceeded`, or one of the SDK's own. */
export class KvError extends RealtimeError {}
KvError.prototype.name = "KvError";

const TEXTS = {
  "key-too-long": (limit) => `a key has more than ${limit} bytes`,
  "value-too-large": (limit) => `the value has more than ${limit} bytes`,
  "quota-exceeded": (limit) => `the store would have more than ${limit} bytes`,
  "not-a-number": () => "the value is not an integer of 64 bits, or would not be",
  "invalid-ttl": () => "a time to live is between 1 ms and 100 years",
  unavailable: (reason) => `the store is unavailable: ${reason}`,
};

/** Converts what a call to the host threw into an error that names the call. Other errors stay what they are. */
export function fromHost(call, thrown) {
  const { tag, val } = thrown?.payload ?? {};
  if (tag === undefined) return thrown;
  return new KvError(`${call}: ${TEXTS[tag]?.(val) ?? val ?? tag}`, tag);
}
