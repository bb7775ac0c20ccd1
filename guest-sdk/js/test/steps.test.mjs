/** What takes sizes that clients choose takes steps in proportion to them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/host-modules.mjs";
import { steps } from "./support/steps.mjs";

globalThis.__realtime_running = 0;
const runtime = (name) => import(`../src/runtime/${name}.js`);
const { begin } = await runtime("event");
const { format } = await runtime("format");
const { handshakeOf } = await runtime("handshake");
const { everybody } = await runtime("operator");
const { decode, encode } = await runtime("payload");
const { Queue } = await runtime("queue");
const { onOneLine } = await runtime("stack");
begin("event");

const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const handshake = (query) => handshakeOf({ headers: [], query, auth: "{}", issued: 0 });

/** Each makes its input, of a size, and returns the call. */
const CALLS = {
  "a name that a query repeats": (size) => {
    const query = times(size, () => ["a", "b"]);
    return () => handshake(query);
  },
  "names of a query": (size) => {
    const query = times(size, (i) => [`a${i}`, "b"]);
    return () => handshake(query);
  },
  "attachments that arrive": (size) => {
    const json = JSON.stringify(times(size, (num) => ({ _placeholder: true, num })));
    const attachments = times(size, () => new Uint8Array(1));
    return () => decode({ json, attachments });
  },
  "attachments that are sent": (size) => {
    const values = times(size, () => new Uint8Array(1));
    return () => encode(values);
  },
  "rooms, one after the other": (size) => () => {
    let operator = everybody;
    for (let i = 0; i < size; i += 1) operator = operator.to(`room ${i}`);
    operator.emit("event");
  },
  "timers": (size) => () => {
    const queue = new Queue((a, b) => a - b);
    for (let i = 0; i < size; i += 1) queue.push((i * 7919) % size);
    for (let i = 0; i < size; i += 1) assert.equal(queue.shift(), i);
  },
  "lines of an error": (size) => {
    const error = new Error("line\n".repeat(size));
    return () => onOneLine(error);
  },
  "arguments of console.log": (size) => {
    const args = ["%s ".repeat(size), ...times(size, String)];
    return () => format(args);
  },
};

for (const [what, make] of Object.entries(CALLS)) {
  test(what, async () => {
    const [once, twice] = [await steps(make(503)), await steps(make(1009))];
    assert.ok(once > 503 / 2, `${once} steps: nothing was counted`);
    assert.ok(twice < 2.5 * once, `${once} steps, then ${twice}`);
  });
}
