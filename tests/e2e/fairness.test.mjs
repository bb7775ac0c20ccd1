/** Neighbours that never answer, or compute without end: others are still served. Nothing here depends on how fast. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { until } from "./support/wait.mjs";

const from = (t, host, localAddress, count) =>
  Promise.all(Array.from({ length: count }, () => connect(t, host, "/probe", { localAddress })));

/** Their handlers wait for an answer that never comes. */
const beSilent = (clients) => clients.forEach((client) => client.emit("ask", 60_000));

const asked = (clients) => clients.filter((client) => client.all("question").length > 0).length;

/** Waits until the host says that this many instances run, and this many events wait. */
const held = (host, instances, waiting) =>
  until(async () => {
    const status = await host.status();
    return status.instances === instances && status.instances_awaited === waiting;
  }, `${instances} instances run and ${waiting} events wait`);

describe("handlers that wait", () => {
  test("of one address leave instances for others of their namespace, and for other namespaces", async (t) => {
    const flags = ["--handlers", "16", "--handler-time", "60s"];
    const host = await startHost(t, { components: ["probe", "bench"], flags });
    const [same, other] = [await connect(t, host), await connect(t, host, "/bench")];
    const greedy = await from(t, host, "127.0.0.2", 20);
    const crowd = await Promise.all([3, 4, 5, 6, 7, 8].map((last) => from(t, host, `127.0.0.${last}`, 3)));
    beSilent(greedy);
    await held(host, 9, 11);
    // Three quarters of the 12 that the namespace may have.
    await until(() => asked(greedy) === 9, "9 are asked");
    assert.equal(await same.ask("echo", 1), 1);
    assert.equal(await other.ask("echo", 2), 2);

    // More addresses take what their namespace may have, but nothing of the other one's.
    crowd.forEach(beSilent);
    await held(host, 12, 11 + 18 - 3);
    assert.equal(await other.ask("echo", 3), 3);
    for (const client of greedy) client.socket.disconnect();
    assert.equal(await same.ask("echo", 4), 4, "an address that has none is the next");
  });

  test("of one address may have all instances where the operator says so", async (t) => {
    const flags = ["--handlers", "4", "--handlers-per-address", "none", "--handler-time", "60s"];
    const host = await startHost(t, { flags });
    const clients = await from(t, host, "127.0.0.2", 5);
    beSilent(clients);
    await held(host, 4, 1);
    await until(() => asked(clients) === 4, "4 are asked");
  });
});

describe("handlers that compute", () => {
  test("go on in the slow lane, where they end in time; others are served meanwhile", async (t) => {
    const host = await startHost(t, { components: ["probe", "bench"], flags: ["--handler-time", "2s"] });
    const clients = await from(t, host, "127.0.0.2", 20);
    const [same, other] = [await connect(t, host), await connect(t, host, "/bench")];
    const ended = clients.map((client) => {
      client.emit("loop");
      return client.ask("echo", 1);
    });
    await until(async () => (await host.status()).handlers_slowed >= 20, "all are in the slow lane");
    assert.equal(await same.ask("echo", 1), 1);
    assert.equal(await other.ask("echo", 2), 2);
    await Promise.all(ended);
    await until(async () => (await host.status()).instances_slow === 0, "nothing is left in the slow lane");
    assert.equal((await host.stop()).handlers_timed_out, 20);
  });

  test("do what they did before: commands, acknowledgements and failures", async (t) => {
    const host = await startHost(t, { flags: ["--handler-time", "60s"] });
    const client = await connect(t, host);
    client.emit("compute", "emit");
    assert.deepEqual(await client.next("computed"), [1]);
    assert.equal(await client.ask("compute", "ack"), "done");
    const asking = client.ask("compute", "ask");
    (await client.next("question")).at(-1)("yes");
    assert.deepEqual(await asking, ["yes"]);
    client.emit("compute", "trap");
    assert.match((await host.log((line) => line.level === "ERROR" && line.event === "compute")).message, /trap|unreachable/);
    assert.equal(await client.ask("echo", 1), 1);
    const counters = await host.stop();
    assert.ok(counters.handlers_slowed >= 4, `${counters.handlers_slowed} were slowed`);
    assert.equal(counters.handlers_trapped, 1);
  });
});
