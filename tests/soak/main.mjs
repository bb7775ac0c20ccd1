/**
 * The soak: thousands of clients connect, talk and die in every way; afterwards the host must be as before.
 *
 * node soak/main.mjs [CLIENTS] [SECONDS]: so many clients at once, in each of several rounds. Exits with 1 where
 * something is left, or a client was answered wrongly. See README.md.
 */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";

import { connect } from "../e2e/support/clients.mjs";
import { startHost } from "../e2e/support/host.mjs";
import { sleep } from "../e2e/support/wait.mjs";
import { KINDS } from "./deaths.mjs";
import { LIMITS } from "./limits.mjs";
import * as report from "./report.mjs";

const [CLIENTS, SECONDS] = [process.argv[2] ?? 2000, process.argv[3] ?? 60].map(Number);
/** The first fills pools and caches; from one to the next nothing may grow. */
const ROUNDS = 3;
const CLIENTS_PER_WORKER = 1000;
/** Clients that stay all the time. */
const WITNESSES = 50;
/** What must be as before. */
const GAUGES = [
  "sessions", "sessions_ending", "sockets", "rooms", "instances", "instances_awaited", "handler_memory", "tasks",
];
/** Noise of the allocator between two rounds. */
const GROWTH = { part: 0.1, bytes: 16 << 20 };
/** The slowest deaths are over by then: ping timeouts, request heads that never end. */
const DRAIN_SECONDS = 120;
const SAMPLE_SECONDS = 2;

assert.ok(CLIENTS > 0 && SECONDS > 0, "usage: main.mjs [CLIENTS] [SECONDS]");

const cleanups = [];
const test = { after: (cleanup) => cleanups.unshift(cleanup) };

async function main() {
  const host = await startHost(test, { flags: LIMITS });
  const witnesses = await Promise.all(Array.from({ length: WITNESSES }, (_, number) => witness(host, number)));
  const before = await settled(host, null);
  const columns = [["before", before]];
  const clients = new report.Clients(KINDS);
  for (let round = 1; round <= ROUNDS; round++) {
    const peak = await during(host, () => workers(host, round, clients));
    columns.push([`peak ${round}`, peak], [`after ${round}`, await settled(host, before)]);
  }
  const wrong = [...clients.wrong(), ...left(columns), ...(await told(witnesses))];
  for (const { socket } of witnesses) socket.disconnect();
  const empty = await settled(host, Object.fromEntries(GAUGES.map((name) => [name, name === "tasks" ? NaN : 0])));
  columns.push(["all gone", empty]);
  const kept = GAUGES.filter((name) => name !== "tasks" && empty[name] !== 0);
  wrong.push(...kept.map((name) => `${name} of nobody: ${empty[name]}`));
  const counters = await host.stop();
  wrong.push(...unbalanced(counters));

  report.print({ clients: CLIENTS, seconds: SECONDS, rounds: ROUNDS, columns, counters, deaths: clients });
  for (const line of wrong) console.log(`WRONG: ${line}`);
  return wrong.length === 0;
}

async function witness(host, number) {
  const client = await connect(test, host, "/probe", { auth: { quiet: true } });
  client.first = client.id;
  await client.ask("set", "number", number);
  return client;
}

/** Whether clients that only watched are still served, on the same connection. */
async function told(witnesses) {
  const wrong = [];
  for (const [number, client] of witnesses.entries()) {
    const { number: kept } = client.socket.connected ? await client.ask("get") : {};
    if (client.id !== client.first || kept !== number) wrong.push(`idle client ${number} was lost`);
  }
  return wrong;
}

/** Runs one round of clients in processes of their own. */
async function workers(host, seed, clients) {
  const count = Math.ceil(CLIENTS / CLIENTS_PER_WORKER);
  const share = (number) => Math.floor((CLIENTS + number) / count);
  const ended = Array.from({ length: count }, async (_, number) => {
    const args = [host.port, share(number), SECONDS, seed * 1000 + number].map(String);
    const worker = fork(new URL("worker.mjs", import.meta.url), args);
    worker.on("message", (counts) => clients.add(counts));
    const [code] = await once(worker, "exit");
    if (code !== 0) clients.fail("worker", `exit code ${code}`);
  });
  await Promise.all(ended);
}

/** The most of everything while something goes on. */
async function during(host, action) {
  const peak = await snapshot(host);
  let over = false;
  const done = action().finally(() => (over = true));
  while (!over) {
    await Promise.race([sleep(SAMPLE_SECONDS * 1000), done]);
    const now = await snapshot(host);
    for (const name of Object.keys(peak)) peak[name] = Math.max(peak[name], now[name]);
  }
  await done;
  return peak;
}

/** What the host holds once it is as before, or when it has had its time. */
async function settled(host, before) {
  const end = Date.now() + DRAIN_SECONDS * 1000;
  for (;;) {
    await sleep(1000);
    const now = await snapshot(host);
    const same = before === null || GAUGES.every((name) => Number.isNaN(before[name]) || now[name] === before[name]);
    if (same || Date.now() > end) return { ...now, drain: Math.round((Date.now() - end) / 1000 + DRAIN_SECONDS) };
  }
}

async function snapshot(host) {
  const status = await host.status();
  const gauges = Object.fromEntries(GAUGES.map((name) => [name, status[name]]));
  const files = await readdir(`/proc/${host.pid}/fd`);
  return { ...gauges, files: files.length, rss: await host.memory() };
}

/** What is not as before. */
function left(columns) {
  const [[, before], ...later] = columns;
  const wrong = [];
  const after = later.filter(([name]) => name.startsWith("after"));
  for (const [round, now] of after) {
    for (const name of [...GAUGES, "files"]) {
      if (now[name] !== before[name]) wrong.push(`${name} ${round} is ${now[name]}, and was ${before[name]}`);
    }
  }
  // The first round is left out: it is where pools and the allocator get what they keep.
  for (let i = 1; i < after.length; i++) {
    const [earlier, now] = [after[i - 1][1].rss, after[i][1].rss];
    if (now > earlier + Math.max(earlier * GROWTH.part, GROWTH.bytes)) {
      wrong.push(`memory grew from ${report.mib(earlier)} to ${report.mib(now)} MiB in round ${i + 1}`);
    }
  }
  return wrong;
}

/** What began and did not end. */
function unbalanced(counters) {
  const pairs = [["sessions_opened", "sessions_closed"], ["sockets_connected", "sockets_disconnected"]];
  return pairs
    .filter(([begun, ended]) => counters[begun] !== counters[ended])
    .map(([begun, ended]) => `${counters[begun]} ${begun}, ${counters[ended]} ${ended}`);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  for (const cleanup of cleanups) await cleanup();
}
