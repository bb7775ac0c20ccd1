/**
 * Sends one request through the host, and receives the response.
 *
 * Waiting for a pollable of WASI 0.2 stops the whole instance, with its timers and other requests. So pollables are
 * polled instead, with pauses that grow with the time waited.
 */

import { handle } from "late:http/outgoing-handler@0.2.8";
import { Fields, OutgoingBody, OutgoingRequest } from "late:http/types@0.2.8";
import { waitFor } from "wasi:clocks/monotonic-clock@0.3.0";

import { currentEvent } from "./event.js";
import { hostWoke } from "./pending.js";
import { performance } from "./performance.js";

/** The bounds of a pause, in milliseconds. Between them, a pause is a tenth of the time waited so far. */
const SHORTEST_PAUSE = 1;
const LONGEST_PAUSE = 20;

/** The most bytes that are read at once. */
const READ_SIZE = 1 << 16;

/** Texts for errors whose code does not explain them: codes of `wasi:http`, and of a stream that broke off. */
const REASONS = {
  "last-operation-failed": () => "the answer broke off",
  "DNS-error": () => "its name was not found",
  "connection-limit-reached": () => "too many requests of this event are under way",
  "HTTP-response-incomplete": () => "the answer broke off",
  "internal-error": (text) => text,
};

/** Methods that the contract has names for. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/** Sends a request. Returns status, headers and body of the response. */
export async function send(request) {
  const { url, body, signal } = request;
  const exchange = { signal, over: false };
  try {
    const outgoing = requestOf(request);
    const sink = body && outgoing.body();
    const future = handle(outgoing, null);
    // A server may answer while it is still reading.
    const [answer] = await Promise.all([receive(future, exchange), body && write(sink, body, exchange)]);
    return answer;
  } catch (thrown) {
    throw thrown?.payload?.tag ? failure(url, thrown.payload) : thrown;
  }
}

function requestOf({ url, method, headers, body }) {
  const outgoing = new OutgoingRequest(fieldsOf(headers, body, method));
  try {
    outgoing.setMethod(METHODS.includes(method) ? { tag: method.toLowerCase() } : { tag: "other", val: method });
  } catch {
    throw new TypeError(`fetch: \`${method}\` is not a method`);
  }
  outgoing.setScheme({ tag: url.protocol === "https:" ? "HTTPS" : "HTTP" });
  outgoing.setAuthority(url.host);
  outgoing.setPathWithQuery(url.pathname + url.search);
  return outgoing;
}

function fieldsOf(headers, body, method) {
  const fields = new Fields();
  const append = (name, value) => {
    try {
      fields.append(name, Uint8Array.from(value, byteOf));
    } catch (thrown) {
      const why = thrown.payload?.tag === "forbidden" ? "is the host's to set" : "has a value that cannot be sent";
      throw new TypeError(`fetch: the header \`${name}\` ${why}`);
    }
  };
  if (!headers.has("accept")) append("accept", "*/*");
  for (const [name, value] of headers) if (name !== "content-length") append(name, value);
  // Without it the host would send the body in chunks.
  if (body || ["POST", "PUT"].includes(method)) append("content-length", String(body?.length ?? 0));
  return fields;
}

function byteOf(char) {
  const code = char.codePointAt(0);
  if (code > 0xff) throw new RangeError("not Latin-1");
  return code;
}

/** Writes the body, or the part of it that the server reads before it has answered. */
async function write(sink, bytes, exchange) {
  try {
    {
      using stream = sink.write();
      using writable = stream.subscribe();
      for (let start = 0; start < bytes.length && !exchange.over; ) {
        const room = stream.checkWrite();
        if (room > 0) stream.write(bytes.slice(start, (start += room)));
        else await until(() => writable.ready() || exchange.over, exchange);
      }
    }
    if (!exchange.over) OutgoingBody.finish(sink, null);
  } catch (thrown) {
    // The request has failed, and the response has the reason.
    if (!thrown?.payload?.tag) throw thrown;
  }
}

async function receive(future, exchange) {
  try {
    using answer = future;
    using answered = answer.subscribe();
    await until(() => answered.ready(), exchange);
    using response = unwrapped(unwrapped(answer.get()));
    return { status: response.status(), headers: headersOf(response), body: await read(response, exchange) };
  } finally {
    exchange.over = true;
  }
}

async function read(response, exchange) {
  using body = response.consume();
  using stream = body.stream();
  using readable = stream.subscribe();
  const pieces = [];
  try {
    for (;;) {
      const piece = stream.read(READ_SIZE);
      if (piece.length > 0) pieces.push(piece);
      else await until(() => readable.ready(), exchange);
    }
  } catch (thrown) {
    if (thrown?.payload?.tag === "closed") return joined(pieces);
    throw thrown;
  }
}

function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let start = 0;
  for (const piece of pieces) {
    bytes.set(piece, start);
    start += piece.length;
  }
  return bytes;
}

function headersOf(response) {
  using fields = response.headers();
  return fields.entries().map(([name, value]) => [name, String.fromCharCode(...value)]);
}

/** The value of a result that a call returned. Throws an error in the form in which calls throw theirs. */
function unwrapped({ tag, val }) {
  if (tag === "ok") return val;
  throw { payload: val };
}

/** Polls until `ready` returns true. */
async function until(ready, { signal }) {
  const event = currentEvent("fetch");
  const start = performance.now();
  while (!ready()) {
    const pause = (performance.now() - start) / 10;
    await waitFor(Math.round(Math.min(Math.max(pause, SHORTEST_PAUSE), LONGEST_PAUSE) * 1e6));
    hostWoke(event);
    signal?.throwIfAborted();
  }
}

function failure({ host }, { tag, val }) {
  const cause = { code: tag };
  if (tag === "HTTP-request-denied") {
    return new TypeError(`fetch to ${host} was denied: start the host with --allow-net ${host}`, { cause });
  }
  const text = REASONS[tag]?.(val) ?? tag.replaceAll("-", " ");
  return new TypeError(`fetch to ${host} failed: ${text}`, { cause });
}
