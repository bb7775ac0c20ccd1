/** Values as the store has them: the text of their JSON as UTF-8; or, for bytes, a byte 0 and then the bytes. */

import { utf8fromString, utf8toString } from "@exodus/bytes/utf8.js";

import { kind } from "../check.js";
import { bytesOf, encode as encodePayload } from "../payload.js";
import { KvError } from "./errors.js";

/** The first byte of a value that is not JSON. No JSON begins with it. As in the other languages' SDKs. */
const BYTES = 0;

export function encode(call, value) {
  const bytes = bytesOf(value);
  if (bytes !== undefined) {
    const marked = new Uint8Array(1 + bytes.length);
    marked[0] = BYTES;
    marked.set(bytes, 1);
    return marked;
  }
  const { json, attachments } = encodePayload(value);
  if (json === undefined) throw new TypeError(`${call}: a value is JSON or bytes, not ${kind(value)}`);
  if (attachments.length > 0) {
    throw new TypeError(`${call}: bytes inside of a value cannot be kept: a value is JSON, or bytes alone`);
  }
  return utf8fromString(json);
}

/** The value of a key. Bytes are a `Uint8Array` with a buffer of its own. */
export function decode(call, key, value) {
  // StarlingMonkey's bindings have a class of their own for bytes.
  const bytes = bytesOf(value);
  if (bytes[0] === BYTES) return bytes.slice(1);
  try {
    return JSON.parse(utf8toString(bytes));
  } catch {
    throw new KvError(`${call}: the value of \`${key}\` is neither JSON nor written by an SDK`, "unreadable");
  }
}
