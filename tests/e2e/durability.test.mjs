/** State survives the death of the host and a full disk. `soak/durability.mjs` does the same for longer. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { diskFull, killedWhileWriting, Ledger } from "./support/durable.mjs";

const ROUNDS = 3;

test("a host that is killed while 64 sockets write loses nothing that was acknowledged", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "host-durable-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const ledger = new Ledger();
  for (let round = 0; round < ROUNDS; round++) await killedWhileWriting(t, dir, ledger, round);
  await ledger.check(dir);
});

test("on a full disk writing fails clearly, nothing is lost, reading goes on, and writing does once there is room", async (t) => {
  await diskFull(t);
});
