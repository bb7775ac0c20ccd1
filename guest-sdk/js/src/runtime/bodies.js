/**
 * `Headers`, `Request` and `Response` of whatwg-fetch, with methods of our own to read bodies. Its methods need a
 * browser's `Blob`; without one they read text as Latin-1.
 */

import { utf8fromStringLoose, utf8toStringLoose } from "@exodus/bytes/utf8.js";
import { Headers, Request, Response } from "whatwg-fetch";

const reading = {
  /** The body's bytes, in a buffer of exactly that size. */
  async bytes() {
    if (this.bodyUsed) throw new TypeError("the body was already read");
    this.bodyUsed = !this._noBody;
    return copied(this._bodyArrayBuffer ?? this._bodyText);
  },
  async arrayBuffer() {
    return (await this.bytes()).buffer;
  },
  async text() {
    return utf8toStringLoose(await this.bytes()).replace(/^\uFEFF/, "");
  },
  async json() {
    return JSON.parse(await this.text());
  },
};
for (const { prototype } of [Request, Response]) Object.assign(prototype, reading);

function copied(body) {
  if (typeof body === "string") return utf8fromStringLoose(body);
  if (!ArrayBuffer.isView(body)) return new Uint8Array(body);
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
}

export { Headers, Request, Response };
