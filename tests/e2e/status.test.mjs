/** What the host tells of itself on SIGUSR1. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { RawPolling, connect } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { until } from "./support/wait.mjs";

const MiB = 1 << 20;

test("SIGUSR1 logs what the host holds and its counters, and changes nothing", async (t) => {
  const host = await startHost(t, { components: ["probe", "bench"], flags: ["--handlers", "1"] });
  const empty = await host.status();
  const gauges = { sessions: 0, sessions_ending: 0, sockets: 0, rooms: 0, instances: 0, instances_awaited: 0 };
  assert.deepEqual(pick(empty, gauges), gauges);
  assert.equal(empty.handler_memory, 0);
  assert.ok(empty.tasks >= 0);

  const probe = await connect(t, host);
  const bench = await connect(t, host, "/bench", { on: probe });
  const other = await connect(t, host);
  await new RawPolling(host).open();
  await probe.ask("join", ["red", "blue"]);
  await other.ask("join", ["red"]);
  await bench.ask("join", "red");
  const held = { ...gauges, sessions: 3, sockets: 3, rooms: 3 };
  assert.deepEqual(pick(await host.status(), gauges), held);

  // The only instance waits for an answer, and another event for the instance.
  const asking = probe.ask("ask", 9_000);
  const answer = (await probe.next("question")).at(-1);
  const waiting = other.ask("echo", 1);
  await until(async () => (await host.status()).instances_awaited === 1, "an event waits");
  const busy = await host.status();
  assert.deepEqual(pick(busy, gauges), { ...held, instances: 1, instances_awaited: 1 });
  assert.ok(busy.handler_memory > MiB / 2 && busy.handler_memory < 128 * MiB, `${busy.handler_memory} bytes`);
  assert.equal(busy.tasks, (await host.status()).tasks);
  answer("yes");
  await Promise.all([asking, waiting]);

  other.socket.disconnect();
  await until(async () => (await host.status()).sessions === 2, "a session has ended");
  assert.deepEqual(pick(await host.status(), gauges), { ...held, sessions: 2, sockets: 2 });
  const counters = await host.stop();
  assert.equal(counters.sockets_connected, 3);
  assert.equal(counters.sessions, undefined, "the counters at the end are counters only");
});

test("a session that has ended counts as ending until its handlers have finished", async (t) => {
  const host = await startHost(t);
  const client = await connect(t, host, "/probe", { auth: { mode: "slowLeave", ms: 2_000 } });
  client.socket.disconnect();
  await until(async () => (await host.status()).sessions_ending === 1, "the session is ending");
  const { sessions, sockets, instances } = await host.status();
  assert.deepEqual({ sessions, sockets, instances }, { sessions: 0, sockets: 0, instances: 1 });
  await until(async () => (await host.status()).sessions_ending === 0, "its handler has finished");
});

const pick = (line, keys) => Object.fromEntries(Object.keys(keys).map((key) => [key, line[key]]));
