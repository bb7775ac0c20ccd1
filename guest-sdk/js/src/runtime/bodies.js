/**
 * `Headers`, `Request` and `Response`: whatwg-fetch's, but for the reading of bodies, which it leaves to browsers' blobs.
 * Without those it reads text as Latin-1.
 */

import { utf8fromStringLoose, utf8toStringLoose } from "@exodus/bytes/utf8.js";
import { Headers, Request, Response } from "whatwg-fetch";

const reading = {
  /** All bytes, in a buffer of exactly their size. */
  async bytes() {
    if (this.bodyUsed) throw new TypeError("the body was already read");
    this.bodyUsed = !this._noBody;
    return bytesOf(this._bodyArrayBuffer ?? this._bodyText);
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

function bytesOf(body) {
  if (typeof body === "string") return utf8fromStringLoose(body);
  if (!ArrayBuffer.isView(body)) return new Uint8Array(body);
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
}

export { Headers, Request, Response };
