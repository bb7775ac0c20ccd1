/** Handlers and clients that mean harm: only their own event or session suffers, and memory stays bounded. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import net from "node:net";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { connect, rawWebSocket, RawPolling } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { until, within } from "./support/wait.mjs";

const MiB = 1 << 20;

test("1,000 events at once are handled in order while another socket is answered", async (t) => {
  const host = await startHost(t);
  const [busy, other] = [await connect(t, host), await connect(t, host)];
  const numbers = Array.from({ length: 1000 }, (_, number) => number);
  for (const number of numbers) busy.emit("order", number);
  for (let i = 0; i < 20; i++) assert.equal(await other.ask("echo", i), i);
  await until(() => busy.all("order").length === numbers.length, "all were handled");
  assert.deepEqual(busy.all("order").flat(), numbers);
});

test("handlers that loop on every core hold up nobody else", async (t) => {
  const host = await startHost(t, { flags: ["--handler-time", "5s"] });
  const loops = await Promise.all(Array.from({ length: 8 }, () => connect(t, host)));
  for (const client of loops) client.emit("loop");
  const other = await connect(t, host);
  for (let i = 0; i < 20; i++) assert.equal(await other.ask("echo", i), i);
  await Promise.all(loops.map((client) => client.ask("echo")));
  assert.equal((await host.stop()).handlers_timed_out, 8);
});

test("handlers that eat memory share a bound", async (t) => {
  const flags = ["--handler-memory", "64MiB", "--handlers-memory", "128MiB"];
  const host = await startHost(t, { flags });
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect(t, host)));
  const before = await host.memory();
  for (const client of clients) client.emit("oom");
  let answered = 0;
  for (const client of clients) client.ask("echo").then(() => answered++, () => {});
  let peak = before;
  await until(async () => {
    peak = Math.max(peak, await host.memory());
    return answered === clients.length;
  }, "every client is answered");
  assert.ok(peak - before < 256 * MiB, `${peak - before} bytes more`);
  const line = await host.log((line) => line.level === "ERROR");
  assert.match(line.message, /out of memory/);
  assert.equal(line.event, "oom");
  assert.ok(clients.some((client) => client.id === line.socket));
  assert.equal((await host.stop()).handlers_out_of_memory, 10);
});

describe("what clients make the host keep is bounded together", () => {
  /** A frame of 950,000 bytes, of which so many have come. */
  const part = (bytes) => Buffer.concat([Buffer.from("82ff00000000000e7ef000000000", "hex"), Buffer.alloc(bytes)]);

  async function holding(t, host, count, bytes) {
    const clients = [];
    for (let i = 0; i < count; i++) {
      clients.push(await rawWebSocket(t, host));
      await clients[i].join();
    }
    for (const { socket } of clients) socket._socket.write(part(bytes));
    return clients;
  }

  test("beyond it those that hold most are closed, and nobody else", async (t) => {
    const host = await startHost(t, { flags: ["--clients-memory", "8MiB"] });
    const witness = await connect(t, host);
    let closed = 0;
    for (const raw of await holding(t, host, 20, 900_000)) raw.closed().then(() => closed++);
    await until(() => closed >= 10, "18 MB do not stay");
    assert.equal(await witness.ask("echo", 1), 1);
    assert.ok((await host.stop()).sessions_shed >= 10);
  });

  test("near it new sessions are refused, until there is room again", async (t) => {
    const host = await startHost(t, { flags: ["--clients-memory", "8MiB"] });
    const clients = await holding(t, host, 8, 940_000);
    const status = async () => (await fetch(`${host.url}/socket.io/?EIO=4&transport=polling`)).status;
    await until(async () => (await status()) === 403, "new sessions are refused");
    clients[0].socket.terminate();
    await until(async () => (await status()) === 200, "there is room again");
    assert.equal((await host.stop()).sessions_shed, 0);
  });
});

test("a client that does not read is closed as a slow consumer, and memory stays bounded", async (t) => {
  const host = await startHost(t, { components: ["bench"], flags: ["--max-unsent", "1MiB"] });
  const stuck = await Promise.all(Array.from({ length: 10 }, () => reader(t, host)));
  for (const raw of stuck) raw.socket.pause();
  const listener = await connect(t, host, "/bench");
  await listener.ask("join", "room");
  const before = await host.memory();
  const text = "x".repeat(100_000);
  for (let i = 0; i < 400; i++) {
    listener.emit("say", "room", text);
    await listener.next("said");
  }
  const after = await host.memory();
  assert.ok(after - before < 32 * MiB, `${after - before} bytes more after 400 MB for those who do not read`);
  await host.log((line) => /receives too slowly/.test(line.message));
  assert.equal((await host.stop()).slow_consumers, stuck.length);
});

async function reader(t, host) {
  const raw = await rawWebSocket(t, host);
  await raw.join("/bench");
  raw.send('42/bench,0["join","room"]');
  await raw.expect("43/bench,0[");
  return raw;
}

test("a client that pings and does not read fills no memory", async (t) => {
  const host = await startHost(t, { components: ["bench"] });
  const raw = await rawWebSocket(t, host);
  await raw.join("/bench");
  raw.socket.pause();
  const before = await host.memory();
  const payload = Buffer.alloc(125);
  for (let i = 0; i < 200_000 && raw.socket.bufferedAmount < 64 * MiB; i++) raw.socket.ping(payload);
  const client = await connect(t, host, "/bench");
  assert.equal(await client.ask("echo", 1), 1);
  const after = await host.memory();
  assert.ok(after - before < 16 * MiB, `${after - before} bytes more`);
});

describe("garbage", () => {
  const frames = [
    "", "9", "4", "42", "4a", "42[", "42{}", '42["a"', "42[]", "42[1e]", '45-["x"]', '451-["x"]', '4599-["x"]', "40x",
    "44{}", "43", '43x["a"]', '42/nowhere,["a"]', "4\u0000", "bAAAA", "b!", "2", "\u001e", "[".repeat(100_000),
    '42["connect"]', '451-["x",{"_placeholder":true,"num":7}]', "0".repeat(1000), '42["\ud800"]',
  ];
  for (const frame of frames) {
    test(`${JSON.stringify(frame).slice(0, 40)} ends at most its own session`, async (t) => {
      const host = await startHost(t, { components: ["bench"] });
      const other = await connect(t, host, "/bench");
      const raw = await rawWebSocket(t, host);
      await raw.join("/bench");
      raw.send(frame, '42/bench,5["echo","alive"]');
      await Promise.race([raw.closed(), raw.skipTo("43/bench,5")]);
      assert.equal(await other.ask("echo", 1), 1);
    });
  }

  test("random bytes, on the wire and in polling", async (t) => {
    const host = await startHost(t, { components: ["bench"] });
    const other = await connect(t, host, "/bench");
    for (let i = 0; i < 50; i++) {
      const raw = await rawWebSocket(t, host);
      raw.send(randomBytes(200), randomBytes(50).toString("latin1"));
      const polling = new RawPolling(host);
      await polling.open();
      assert.ok([200, 400].includes(await polling.post(randomBytes(100).toString("latin1"))));
      const tcp = net.connect(host.port, "127.0.0.1").on("error", () => {});
      tcp.end(randomBytes(500));
      tcp.resume();
      await within(new Promise((closed) => tcp.once("close", closed)), "the connection is closed");
    }
    assert.equal(await other.ask("echo", 1), 1);
  });
});

test("a client that is killed in the middle of a packet leaves nothing behind", async (t) => {
  const host = await startHost(t);
  const watcher = await connect(t, host);
  const child = spawn(process.execPath, [fileURLToPath(new URL("support/half-a-packet.mjs", import.meta.url)), host.port], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await within(new Promise((sent) => child.stdout.once("data", sent)), "half a packet is sent");
  child.kill("SIGKILL");
  assert.equal((await watcher.next("left"))[0].reason, "transport close");
  assert.deepEqual((await watcher.ask("fetch", { from: "ns" })).map(({ id }) => id), [watcher.id]);
});
