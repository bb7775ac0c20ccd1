/**
 * Random numbers from the host.
 *
 * The engine's own generator is seeded when the component is built, so every event would get the same numbers.
 */

import { getRandomBytes } from "wasi:random/random@0.2.6";

import { currentEvent, handling } from "./event.js";

/** The most bytes that one call may ask for, by the Web Cryptography API. */
const QUOTA = 65_536;

function randomBytes(call, length) {
  currentEvent(call);
  return getRandomBytes(length);
}

export const crypto = {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof DataView || array.constructor.name.startsWith("Float")) {
      throw new TypeError("crypto.getRandomValues takes an array of integers");
    }
    if (array.byteLength > QUOTA) throw new DOMException(`more than ${QUOTA} bytes`, "QuotaExceededError");
    const bytes = randomBytes("crypto.getRandomValues", array.byteLength);
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes);
    return array;
  },

  /** Version 4 of RFC 9562. */
  randomUUID() {
    const bytes = randomBytes("crypto.randomUUID", 16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  },
};

const atBuildTime = Math.random;

/**
 * Replaces `Math.random`: 53 random bits. At the top level of a file, where libraries generate names, the engine's own
 * generator is good enough.
 */
export function random() {
  if (!handling()) return atBuildTime();
  const [high, low] = new Uint32Array(getRandomBytes(8).buffer);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}
