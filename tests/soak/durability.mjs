/**
 * State survives the death of the host and a full disk, many times.
 *
 * node soak/durability.mjs [ROUNDS]: in each round 64 sockets write numbered keys, the host is killed, and what was
 * acknowledged must be there. Then the same on a disk that is full, a tenth as often. Exits with 1 if anything is lost.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { diskFull, killedWhileWriting, Ledger } from "../e2e/support/durable.mjs";

const ROUNDS = Number(process.argv[2] ?? 100);
assert.ok(ROUNDS > 0, "usage: durability.mjs [ROUNDS]");

let cleanups = [];
const test = { after: (cleanup) => cleanups.unshift(cleanup) };

async function cleaned(work) {
  try {
    return await work();
  } finally {
    for (const cleanup of cleanups) await cleanup();
    cleanups = [];
  }
}

const dir = mkdtempSync(join(tmpdir(), "host-durable-"));
try {
  const ledger = new Ledger();
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await cleaned(() => killedWhileWriting(test, dir, ledger, round));
    console.log(`round ${round}: ${acknowledged} writes acknowledged, then killed`);
  }
  const unacknowledged = await ledger.check(dir);
  console.log(`all ${ledger.acknowledged.size} acknowledged writes of ${ROUNDS} rounds are there, and ${unacknowledged} others`);
  for (let round = 0; round < ROUNDS / 10; round++) {
    const { disk, written, unacknowledged } = await cleaned(() => diskFull(test, { megabytes: 8 + round }));
    console.log(`full disk ${round} (${disk}): all ${written} acknowledged writes are there, and ${unacknowledged} others`);
  }
} finally {
  rmSync(dir, { recursive: true });
}
