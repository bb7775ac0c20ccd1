/**
 * Random numbers, of the host's making.
 *
 * The engine's own generator is seeded when the component is built, and would give the same numbers in every event.
 */

import { getRandomBytes } from "wasi:random/random@0.2.6";

import { event, handling } from "./event.js";

/** What the Web Cryptography API allows at once. */
const QUOTA = 65_536;

function bytes(call, length) {
  event(call);
  return getRandomBytes(length);
}

export const crypto = {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof DataView || array.constructor.name.startsWith("Float")) {
      throw new TypeError("crypto.getRandomValues takes an array of integers");
    }
    if (array.byteLength > QUOTA) throw new DOMException(`more than ${QUOTA} bytes`, "QuotaExceededError");
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes("crypto.getRandomValues", array.byteLength));
    return array;
  },

  /** Version 4 of RFC 9562. */
  randomUUID() {
    const random = bytes("crypto.randomUUID", 16);
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  },
};

const atBuildTime = Math.random;

/**
 * As `Math.random`: 53 random bits. At the top level of a file, where libraries make up names for themselves, the engine's
 * own will do.
 */
export function random() {
  if (!handling()) return atBuildTime();
  const [high, low] = new Uint32Array(getRandomBytes(8).buffer);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}
