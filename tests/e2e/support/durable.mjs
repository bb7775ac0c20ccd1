/** What was acknowledged to a client must still be there, whatever happened to the host or its disk. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect } from "./clients.mjs";
import { runHost, startHost } from "./host.mjs";
import { sleep, until } from "./wait.mjs";

/** A call of the probe's store. */
export async function kv(client, call, ...args) {
  const { ok, error } = await client.ask("kv", call, args);
  if (error !== undefined) throw new Error(error);
  return ok;
}

/** What was asked for, and what of it was acknowledged. */
export class Ledger {
  asked = new Map();
  acknowledged = new Map();

  async set(client, key, value) {
    this.asked.set(key, value);
    await kv(client, "set", key, value);
    this.acknowledged.set(key, value);
  }

  /** Compares with what is in the store, which a host may have. Returns how much was there unacknowledged. */
  async check(dir, prefix = "") {
    const { code, stdout, stderr } = await runHost(["kv", "list", "/probe", prefix, "--data", dir]);
    assert.equal(code, 0, stderr);
    const found = new Map(stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line)).map(({ key, value }) => [key, value]));
    const lost = [...this.acknowledged].filter(([key, value]) => key.startsWith(prefix) && found.get(key) !== value);
    assert.deepEqual(lost, [], `${lost.length} acknowledged writes are lost`);
    const strange = [...found].filter(([key, value]) => this.asked.get(key) !== value);
    assert.deepEqual(strange, [], "nothing is there that nobody has asked for");
    return [...found.keys()].filter((key) => !this.acknowledged.has(key)).length;
  }
}

/**
 * Sockets write numbered keys, each waits for its acknowledgement before the next, and the host is killed in between.
 * Before, what the last round has written is looked for. Returns how much was acknowledged.
 */
export async function killedWhileWriting(t, dir, ledger, round, sockets = 64) {
  const host = await startHost(t, { flags: ["--data", dir] });
  if (round > 0) await ledger.check(dir, `${round - 1}:`);
  const clients = await Promise.all(Array.from({ length: sockets }, () => connect(t, host)));
  const before = ledger.acknowledged.size;
  for (const [number, client] of clients.entries()) {
    const write = async () => {
      for (let n = 0; ; n++) await ledger.set(client, `${round}:${number}:${n}`, n);
    };
    // They end when the host is gone.
    write().catch(() => {});
  }
  await until(() => ledger.acknowledged.size >= before + 2 * sockets, "writes are acknowledged");
  await sleep(Math.random() * 100);
  host.signal("SIGKILL");
  await host.exited();
  for (const client of clients) client.socket.disconnect();
  return ledger.acknowledged.size - before;
}

/**
 * A disk of some MB for a host's state: a file system of its own where this user may mount one, else a limit on the size of
 * the host's files.
 */
export function smallDisk(t, megabytes) {
  const dir = mkdtempSync(join(tmpdir(), "host-disk-"));
  const run = (program, ...args) => execFileSync(program, args, { stdio: "pipe" });
  const data = join(dir, "data");
  mkdirSync(data);
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", data);
  } catch {
    t.after(() => rmSync(dir, { recursive: true }));
    const limit = (host, bytes) => run("prlimit", `--pid=${host.pid}`, `--fsize=${bytes}:unlimited`);
    return { data, kind: "limit", begin: (host) => limit(host, megabytes << 20), grow: (host) => limit(host, "unlimited") };
  }
  t.after(() => {
    run("umount", "-l", data);
    rmSync(dir, { recursive: true });
  });
  return { data, kind: "tmpfs", begin() {}, grow: () => run("mount", "-o", `remount,size=${8 * megabytes}m`, data) };
}

/**
 * Fills the disk from many sockets: clear errors, everything that was acknowledged can be read meanwhile, and writing goes
 * on when there is room.
 */
export async function diskFull(t, { megabytes = 16, sockets = 16 } = {}) {
  const disk = smallDisk(t, megabytes);
  const dir = join(disk.data, "state");
  const host = await startHost(t, { flags: ["--data", dir] });
  disk.begin(host);
  const ledger = new Ledger();
  const clients = await Promise.all(Array.from({ length: sockets }, () => connect(t, host)));
  const text = "x".repeat(50_000);
  const fill = async (client, number) => {
    for (let n = 0; ; n++) await ledger.set(client, `full:${number}:${n}`, `${n} ${text}`);
  };
  const ended = await Promise.allSettled(clients.map(fill));
  for (const { reason } of ended) assert.match(reason.message, /unavailable: .*(space|too large)/i);
  const written = ledger.acknowledged.size;
  assert.ok(written > 0);
  for (const [key, value] of ledger.acknowledged) assert.equal(await kv(clients[0], "get", key), value, "reading goes on");
  await assert.rejects(fill(clients[0], "again"), /unavailable/);
  await ledger.check(dir);

  disk.grow(host);
  for (const [number, client] of clients.entries()) await ledger.set(client, `room:${number}`, number);
  await ledger.check(dir);
  host.signal("SIGKILL");
  await host.exited();
  const unacknowledged = await ledger.check(dir);
  return { disk: disk.kind, written, unacknowledged };
}
