/** Bounds on clients. Each test is named after the limit; hosts are started with small ones. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RawPolling, connect, open, rawWebSocket } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { sleep, until } from "./support/wait.mjs";

const MiB = 1 << 20;

describe("payload of one packet", () => {
  const flags = ["--max-payload", "10kB"];
  /** A packet of so many bytes. */
  const packet = (size) => {
    const [head, tail] = ['42/probe,0["echo","', '"]'];
    return head + "x".repeat(size - head.length - tail.length) + tail;
  };

  test("websocket: up to it is handled, beyond it closes the session with parse error", async (t) => {
    const host = await startHost(t, { flags });
    const witness = await connect(t, host);
    const raw = await rawWebSocket(t, host);
    await raw.join();
    // Engine.IO's own byte counts as well.
    raw.send(packet(10_000));
    await raw.skipTo("43/probe,0");
    raw.send(packet(10_001));
    await raw.closed();
    assert.equal((await witness.next("left"))[0].reason, "parse error");
  });

  test("polling: up to it is handled, beyond it is answered 413 and closes the session", async (t) => {
    const host = await startHost(t, { flags });
    const witness = await connect(t, host);
    const polling = new RawPolling(host);
    await polling.join();
    assert.equal(polling.handshake.maxPayload, 10_000);
    assert.equal(await polling.post(packet(10_000)), 200);
    await polling.skipTo("43/probe,0");
    assert.equal(await polling.post(packet(10_001)), 413);
    assert.equal((await witness.next("left"))[0].reason, "parse error");
  });

  test("attachments are included", async (t) => {
    const host = await startHost(t, { flags });
    const witness = await connect(t, host);
    const fits = await connect(t, host);
    assert.equal((await fits.ask("echo", Buffer.alloc(9_000))).length, 9_000);
    const raw = await rawWebSocket(t, host);
    await raw.join();
    raw.send('452-/probe,["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    raw.send(Buffer.alloc(6_000), Buffer.alloc(6_000));
    await raw.closed();
    assert.equal((await witness.next("left"))[0].reason, "parse error");
  });

  test("a handler cannot send more either", async (t) => {
    const host = await startHost(t, { flags });
    const client = await connect(t, host);
    assert.equal(await client.ask("big", 9_000), "ok");
    assert.notEqual(await client.ask("big", 11_000), "ok");
    assert.equal(client.all("big").length, 1);
  });
});

test("attachments of one packet: ten are handled, more are a parse error", async (t) => {
  const host = await startHost(t);
  const witness = await connect(t, host);
  const client = await connect(t, host);
  const blobs = (count) => Array.from({ length: count }, (_, number) => Buffer.from([number]));
  assert.deepEqual(await client.askArgs("echo", ...blobs(10)), blobs(10));
  client.emit("echo", ...blobs(11));
  await client.disconnected();
  assert.equal((await witness.next("left"))[0].reason, "parse error");
});

test("time from open to the first CONNECT: then the session is closed", async (t) => {
  const host = await startHost(t, { flags: ["--connect-timeout", "300ms"] });
  const raw = await rawWebSocket(t, host);
  const polling = new RawPolling(host);
  await polling.open();
  await raw.closed();
  await until(async () => (await fetch(polling.url)).status === 400, "the polling session is closed");
  const client = await connect(t, host);
  await sleep(600);
  assert.equal(await client.ask("echo", 1), 1);
});

describe("ping interval and timeout", () => {
  const flags = ["--ping-interval", "200ms", "--ping-timeout", "300ms"];

  test("the client is told, and pinged; one that answers stays", async (t) => {
    const host = await startHost(t, { flags });
    const raw = await rawWebSocket(t, host);
    const handshake = JSON.parse((await raw.expect("0{")).slice(1));
    assert.equal(handshake.pingInterval, 200);
    assert.equal(handshake.pingTimeout, 300);
    for (let i = 0; i < 5; i++) {
      await raw.expect("2");
      raw.send("3");
    }
  });

  for (const transports of [["websocket"], ["polling"]]) {
    test(`the official client stays over ${transports}`, async (t) => {
      const host = await startHost(t, { flags: ["--ping-interval", "200ms", "--ping-timeout", "5s"] });
      const client = await connect(t, host, "/probe", { transports });
      await sleep(1500);
      assert.equal(await client.ask("echo", 1), 1);
    });
  }

  test("one that does not answer is closed: ping timeout", async (t) => {
    const host = await startHost(t, { flags });
    const raw = await rawWebSocket(t, host);
    await raw.join();
    await raw.closed();
    const polling = new RawPolling(host);
    await polling.join();
    await until(async () => (await fetch(polling.url)).status === 400, "the polling session is closed");
  });
});

describe("a socket's waiting events", () => {
  test("polling: beyond them the POST is answered late, and nothing is dropped", async (t) => {
    const host = await startHost(t, { flags: ["--max-waiting-events", "2"] });
    const polling = new RawPolling(host);
    await polling.join();
    let posted = false;
    const events = Array.from({ length: 10 }, (_, id) => `42/probe,${id}["sleep",100]`);
    const post = polling.post(...events).then((status) => {
      posted = true;
      return status;
    });
    let answered = (await polling.skipTo("43/probe,0")).filter((packet) => packet.startsWith("43"));
    assert.equal(posted, false, "most events still wait outside");
    while (answered.length < events.length) {
      answered.push(...(await polling.get()).filter((packet) => packet.startsWith("43")));
    }
    assert.deepEqual(answered, events.map((_, id) => `43/probe,${id}[100]`));
    assert.equal(await post, 200);
  });

  test("websocket: beyond them the client is not read, nothing is dropped, and nobody is timed out", async (t) => {
    const flags = ["--max-waiting-events", "2", "--ping-interval", "400ms", "--ping-timeout", "1s"];
    const host = await startHost(t, { flags });
    const raw = await rawWebSocket(t, host);
    await raw.join();
    const before = await host.memory();
    raw.send('42/probe,["sleep",5000]');
    const big = "x".repeat(500_000);
    for (let id = 0; id < 100; id++) raw.send(`42/probe,${id}["nothing","${big}"]`);
    await sleep(3500);
    // Two ping timeouts later: what the kernels hold is a few megabytes; the rest of the 50 waits at the client.
    assert.ok(raw.socket.bufferedAmount > 20 * MiB, `${raw.socket.bufferedAmount} bytes wait at the client`);
    assert.ok((await host.memory()) - before < 32 * MiB);
    for (let id = 0; id < 100; id++) {
      await answerPings(raw, `43/probe,${id}[`);
    }
  });

  test("while a handler waits for the client's ack, the client is read on", async (t) => {
    const host = await startHost(t, { flags: ["--max-waiting-events", "2"] });
    const client = await connect(t, host);
    client.socket.on("question", (_, answer) => {
      for (let number = 0; number < 20; number++) client.emit("order", number);
      answer("yes");
    });
    assert.deepEqual(await client.ask("ask", 8_000), { answer: ["yes"] });
    await until(() => client.all("order").length === 20, "all events are handled");
  });
});

/** Reads up to a packet that begins so, and answers pings meanwhile. */
async function answerPings(raw, beginning) {
  for (;;) {
    const frame = String(await raw.next());
    if (frame === "2") raw.send("3");
    if (frame.startsWith(beginning)) return;
  }
}

describe("a session's unsent bytes", () => {
  /** Sends so many events of 100 kB to a client that does not read. */
  async function storm(t, host, event, count) {
    const raw = await rawWebSocket(t, host);
    const id = await raw.join();
    raw.socket.pause();
    const sender = await connect(t, host);
    const args = "x".repeat(100_000);
    for (let i = 0; i < count; i++) await sender.ask("op", { from: "ns", to: [id], args, ...event });
    return { raw, sender };
  }

  test("beyond them the session is closed, counted as a slow consumer", async (t) => {
    const host = await startHost(t, { flags: ["--max-unsent", "1MB"] });
    const { sender } = await storm(t, host, { event: "news" }, 200);
    assert.equal((await sender.next("left"))[0].reason, "forced close");
    assert.equal((await host.stop()).slow_consumers, 1);
  });

  test("volatile packets are dropped first, and the session stays", async (t) => {
    const host = await startHost(t, { flags: ["--max-unsent", "1MB"] });
    const { raw, sender } = await storm(t, host, { event: "news", volatile: true }, 200);
    raw.socket.resume();
    raw.send('42/probe,0["echo"]');
    await raw.skipTo("43/probe,0");
    assert.deepEqual(sender.all("left"), []);
    const counters = await host.stop();
    assert.ok(counters.packets_dropped > 0);
    assert.equal(counters.slow_consumers, 0);
  });
});

test("a session's unhandled bytes, while a handler waits for its ack: then it is closed as a slow consumer", async (t) => {
  const host = await startHost(t, { flags: ["--max-unhandled", "1MB", "--handler-time", "60s"] });
  const witness = await connect(t, host);
  const client = await connect(t, host);
  client.emit("ask", 50_000);
  await client.next("question");
  for (let i = 0; i < 10; i++) client.emit("echo", "x".repeat(200_000));
  await client.disconnected();
  assert.equal((await witness.next("left"))[0].reason, "forced close");
  assert.equal((await host.stop()).slow_consumers, 1);
});

describe("sessions", () => {
  const refused = { code: 4, message: "Too many sessions" };

  test("beyond them further ones are refused, until one ends", async (t) => {
    const host = await startHost(t, { flags: ["--max-sessions", "2"] });
    const first = await connect(t, host);
    const witness = await connect(t, host);
    const response = await fetch(`${host.url}/socket.io/?EIO=4&transport=polling`);
    assert.equal(response.status, 403);
    assert.deepEqual(await response.json(), refused);
    await open(t, host).refused();
    first.socket.disconnect();
    await witness.next("left");
    await until(async () => {
      const client = open(t, host);
      return client.connected().then(
        () => true,
        () => false,
      );
    }, "there is room again");
    assert.ok((await host.stop()).sessions_refused >= 2);
  });

  test("for one address: beyond them that address is refused, others are not", async (t) => {
    const host = await startHost(t, { flags: ["--max-sessions-per-address", "1"] });
    await connect(t, host);
    const response = await fetch(`${host.url}/socket.io/?EIO=4&transport=polling`);
    assert.deepEqual(await response.json(), refused);
    const other = await rawWebSocket(t, host, { localAddress: "127.0.0.2" });
    await other.join();
  });

  test("that joined no namespace: the oldest of the address that has most makes room, nobody else", async (t) => {
    const host = await startHost(t, { flags: ["--max-unjoined", "3"] });
    const joined = await rawWebSocket(t, host, { localAddress: "127.0.0.2" });
    await joined.join();
    const greedy = [];
    for (let i = 0; i < 3; i++) greedy.push(await rawWebSocket(t, host, { localAddress: "127.0.0.2" }));
    const other = await rawWebSocket(t, host, { localAddress: "127.0.0.3" });
    await greedy[0].closed();
    const client = await connect(t, host);
    await greedy[1].closed();
    for (const stays of [greedy[2], other]) await stays.join();
    assert.equal(await client.ask("echo", 1), 1);
    assert.equal((await host.stop()).sessions_displaced, 2);
  });

  test("that joined no namespace, for one address: its oldest makes room", async (t) => {
    const host = await startHost(t, { flags: ["--max-unjoined-per-address", "2"] });
    const sessions = [];
    for (let i = 0; i < 3; i++) {
      sessions.push(new RawPolling(host));
      await sessions[i].open();
    }
    assert.equal(await sessions[0].post("40/probe"), 400);
    assert.equal(await sessions[1].post("40/probe"), 200);
    await host.stop();
  });
});

test("namespaces for one session: beyond them CONNECT_ERROR, and the session stays", async (t) => {
  const host = await startHost(t, { components: ["probe", "bench"], flags: ["--max-namespaces", "1"] });
  const probe = await connect(t, host);
  await assert.rejects(connect(t, host, "/bench", { on: probe }), { message: "Too many namespaces" });
  assert.equal(await probe.ask("echo", 1), 1);
});

test("auth: beyond it CONNECT_ERROR", async (t) => {
  const host = await startHost(t, { flags: ["--max-auth", "100B"] });
  await connect(t, host, "/probe", { auth: { token: "x".repeat(80) } });
  const large = connect(t, host, "/probe", { auth: { token: "x".repeat(100) } });
  await assert.rejects(large, { message: "Auth too large" });
});

test("time of an upgrade: then the WebSocket is closed, and polling goes on", async (t) => {
  const host = await startHost(t, { flags: ["--upgrade-timeout", "200ms"] });
  const polling = new RawPolling(host);
  await polling.join();
  const raw = await rawWebSocket(t, host, { query: `EIO=4&transport=websocket&sid=${polling.handshake.sid}` });
  await raw.closed();
  assert.equal(await polling.post('42/probe,0["echo"]'), 200);
  await polling.skipTo("43/probe,0");
});

test("rooms of one socket: beyond them it joins no more", async (t) => {
  const host = await startHost(t, { flags: ["--max-rooms", "5"] });
  const client = await connect(t, host);
  await client.ask("joinMany", 20);
  assert.equal((await client.ask("info")).rooms.length, 5);
});
