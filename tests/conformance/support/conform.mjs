/** Runs tables of behaviours on both servers. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DIFFERENCES } from "../differences.mjs";
import { play } from "./run.mjs";
import { startPair } from "./servers.mjs";

/** Makes a test of each case of a group: `{group, settings, cases}`. The README of this folder says what a case is. */
export function conform({ group, settings = "default", cases }) {
  describe(group, () => {
    const stops = [];
    let servers;
    before(async () => {
      servers = await startPair({ after: (stop) => stops.push(stop) }, settings);
    });
    after(() => Promise.all(stops.map((stop) => stop())));
    for (const { name, steps, differs } of cases) test(name, () => compare(servers, steps, differs));
  });
}

async function compare(servers, steps, differs) {
  const [reference, host] = await Promise.all([play(steps, servers.reference), play(steps, servers.host)]);
  if (!differs) return assert.deepEqual(host, reference, "the host (+) differs from the reference server (-)");
  assert.ok(differs.as in DIFFERENCES, `differences.mjs has no ${differs.as}`);
  const { as, ...expected } = differs;
  assert.deepEqual(difference(reference, host), expected, `not the listed difference: ${as}`);
}

/** What is left of two transcripts without their common beginning and end. */
function difference(reference, host) {
  const [left, right] = [[...reference], [...host]];
  while (left.length > 0 && left[0] === right[0]) [left, right].forEach((lines) => lines.shift());
  while (left.length > 0 && left.at(-1) === right.at(-1)) [left, right].forEach((lines) => lines.pop());
  return { reference: left, host: right };
}
