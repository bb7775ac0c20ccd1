/** Bounds on handlers. Each test is named after the limit; hosts are started with small ones. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { sleep } from "./support/wait.mjs";

describe("handler: wall time", () => {
  test("one that computes is stopped", async (t) => {
    const host = await startHost(t, { flags: ["--handler-time", "300ms"] });
    const client = await connect(t, host);
    client.emit("loop");
    assert.equal(await client.ask("echo", 1), 1);
    assert.match((await host.log((line) => line.level === "ERROR")).message, /longer than 300ms/);
    assert.equal((await host.stop()).handlers_timed_out, 1);
  });

  test("one that waits is stopped", async (t) => {
    const host = await startHost(t, { flags: ["--handler-time", "300ms"] });
    const client = await connect(t, host);
    client.emit("sleep", 60_000);
    assert.equal(await client.ask("echo", 1), 1);
    client.emit("ask", 60_000);
    assert.equal(await client.ask("echo", 2), 2);
    assert.equal(client.all("question").length, 1);
    const counters = await host.stop();
    assert.ok(counters.handlers_timed_out >= 1);
  });
});

test("handler: memory", async (t) => {
  const host = await startHost(t, { flags: ["--handler-memory", "16MiB"] });
  const client = await connect(t, host);
  client.emit("oom");
  assert.equal(await client.ask("echo", 1), 1);
  assert.match((await host.log((line) => line.level === "ERROR")).message, /memory/);
  assert.equal((await host.stop()).handlers_out_of_memory, 1);
});

test("handler: table, and memory that is too small for the component", async (t) => {
  for (const [flags, reason] of [
    [["--handler-table", "1"], /table/],
    [["--handler-memory", "64KiB"], /memory/],
  ]) {
    await assert.rejects(startHost(t, { flags }), reason);
  }
});

test("instances at once: further events wait for their turn", async (t) => {
  const host = await startHost(t, { flags: ["--handlers", "1"] });
  const [slow, quick] = [await connect(t, host), await connect(t, host)];
  // The handler that asks has the only instance until it is answered.
  const asking = slow.ask("ask", 9_000);
  const answer = (await slow.next("question")).at(-1);
  let answered = false;
  const waiting = quick.ask("echo", 1).then((echo) => {
    answered = true;
    return echo;
  });
  await sleep(300);
  assert.equal(answered, false);
  answer("yes");
  assert.deepEqual(await asking, { answer: ["yes"] });
  assert.equal(await waiting, 1);
  assert.equal((await host.stop()).handlers_not_started, 0);
});

test("memory of all instances together", async (t) => {
  const host = await startHost(t, { flags: ["--handler-memory", "32MiB", "--handlers-memory", "64MiB"] });
  const clients = await Promise.all(Array.from({ length: 6 }, () => connect(t, host)));
  for (const client of clients) client.emit("oom");
  for (const client of clients) assert.equal(await client.ask("echo", 1), 1);
  assert.equal((await host.stop()).handlers_out_of_memory, 6);
});

describe("commands of one event", () => {
  test("beyond their number the call is an error to the guest; those before stand", async (t) => {
    const host = await startHost(t, { flags: ["--handler-commands", "10"] });
    const client = await connect(t, host);
    const { taken, error } = await client.ask("many", 20, 1);
    assert.equal(taken, 10);
    assert.match(error, /10/);
    assert.deepEqual(await client.ask("many", 10, 1), { taken: 10 });
  });

  test("the default is 10,000", async (t) => {
    const client = await connect(t, await startHost(t));
    assert.equal((await client.ask("many", 10_001, 1)).taken, 10_000);
  });

  test("beyond their bytes the call is an error to the guest", async (t) => {
    const flags = ["--max-payload", "100kB", "--handler-command-bytes", "500kB"];
    const client = await connect(t, await startHost(t, { flags }));
    const { taken, error } = await client.ask("many", 100, 90_000);
    assert.ok(taken === 5, `${taken} were taken`);
    assert.ok(error);
  });
});

test("a packet that a guest sends: a larger one is an error to the guest", async (t) => {
  const client = await connect(t, await startHost(t));
  assert.equal(await client.ask("big", 999_000), "ok");
  assert.notEqual(await client.ask("big", 1_000_001), "ok");
});

test("names that applications may not emit are an error to the guest", async (t) => {
  const client = await connect(t, await startHost(t));
  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    assert.notEqual(await client.ask("reserved", name), "ok");
  }
});

test("rooms that an operator names: more are an error to the guest", async (t) => {
  const host = await startHost(t, { flags: ["--max-rooms", "5"] });
  const client = await connect(t, host);
  client.emit("fetch", { from: "ns", to: ["1", "2", "3", "4", "5", "6"] });
  const failure = await host.log((line) => line.level === "ERROR" && line.event === "fetch");
  assert.match(failure.message, /may name 5 rooms/);
  assert.deepEqual(await client.ask("fetch", { from: "ns", to: ["1", "2", "3", "4", "5"] }), []);
});

test("sockets that a handler asks for: what its memory cannot hold is an error to it", async (t) => {
  const host = await startHost(t, { flags: ["--handler-memory", "4MiB", "--max-socket-data", "1MB"] });
  const clients = await Promise.all(Array.from({ length: 7 }, () => connect(t, host)));
  for (const client of clients) assert.equal(await client.ask("setSize", 650_000), "ok");
  clients[0].emit("fetch", { from: "ns" });
  const failure = await host.log((line) => line.level === "ERROR" && line.event === "fetch");
  assert.match(failure.message, /7 sockets and perhaps more have over 4194304 bytes, the memory of a handler: .*`count-sockets`/);
  const small = await connect(t, host);
  assert.equal((await small.ask("fetch", { from: "ns", to: [small.id] })).length, 1);
});
