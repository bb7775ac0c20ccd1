/** What is promised about namespaces, `$connect` and `$disconnect`. Each test is named after its promise. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RawPolling, connect, open, rawWebSocket } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";

describe("namespace path", () => {
  test("the component names it; others are invalid", async (t) => {
    const host = await startHost(t, { components: ["probe", "chat"] });
    const probe = await connect(t, host, "/probe");
    assert.equal((await probe.ask("info")).name, "/probe");
    await connect(t, host, "/chat");
    for (const path of ["/", "/other", "/probe/x"]) {
      assert.equal((await open(t, host, path).refused()).message, "Invalid namespace");
    }
  });

  for (const [how, options, path] of [
    ["by the flag", { components: ["nameless"], flags: ["--namespace", "/flag"] }, "/flag"],
    ["by the argument", { components: ["/pair=nameless", "probe"] }, "/pair"],
    ["by the environment", { components: ["nameless"], env: { HOST_NAMESPACE: "/variable" } }, "/variable"],
    ["not at all: it is /", { components: ["nameless"] }, "/"],
  ]) {
    test(`a component that leaves it open is told ${how}`, async (t) => {
      const host = await startHost(t, options);
      const client = await connect(t, host, path);
      assert.equal(await client.ask("name"), path);
    });
  }

  test("the host says at start what is mounted where", async (t) => {
    const host = await startHost(t, { components: ["chat"] });
    const line = await host.log((line) => line.message === "mounted");
    assert.equal(line.namespace, "/chat");
    assert.equal(line.events, "$connect, $disconnect, joinRoom, message, privateMessage, typing");
  });
});

describe("$connect", () => {
  test("runs once for each socket, before its other events, which wait", async (t) => {
    const host = await startHost(t);
    const raw = await rawWebSocket(t, host);
    await raw.expect("0{");
    raw.send('40/probe,{"mode":"slow","ms":300}', '42/probe,["order",1]', '42/probe,["order",2]');
    await raw.expect('40/probe,{"sid":"');
    await raw.expect('42/probe,["ready"]');
    await raw.expect('42/probe,["order",1]');
    await raw.expect('42/probe,["order",2]');
    assert.equal((await host.stop()).events_handled, 4, "$connect, two events and $disconnect");
  });

  test("what it emits to its own socket comes after the CONNECT packet, in order", async (t) => {
    const host = await startHost(t);
    const raw = await rawWebSocket(t, host);
    await raw.expect("0{");
    raw.send('40/probe,{"mode":"join","room":"a"}');
    await raw.expect('40/probe,{"sid":"');
    await raw.expect('42/probe,["first",1]');
    await raw.expect('42/probe,["first",2]');
  });

  test("its other commands take effect too", async (t) => {
    const host = await startHost(t);
    const witness = await connect(t, host);
    const client = await connect(t, host, "/probe", { auth: { mode: "join", room: "a" } });
    assert.deepEqual(await witness.next("arrived"), [client.id]);
    assert.deepEqual((await client.ask("info")).rooms, ["a", client.id].sort());
    assert.deepEqual(client.all("arrived"), []);
  });

  test("may reject with message and data: nothing else of it takes effect, and no $disconnect follows", async (t) => {
    const host = await startHost(t);
    const witness = await connect(t, host);
    const rejected = open(t, host, "/probe", { auth: { mode: "reject" } });
    const error = await rejected.refused();
    assert.equal(error.message, "no");
    assert.deepEqual(error.data, { code: 7 });

    const next = await connect(t, host);
    assert.deepEqual(await next.ask("fetch", { to: ["room"] }), []);
    const { id } = next;
    next.socket.disconnect();
    const [left] = await witness.next("left");
    assert.equal(left.id, id, "the first to leave is the one that came after");
    assert.deepEqual(witness.all("leak"), []);
    assert.deepEqual(rejected.events, []);
    assert.equal((await host.stop()).connections_rejected, 1);
  });

  test("may reject without data", async (t) => {
    const host = await startHost(t);
    const error = await open(t, host, "/probe", { auth: { mode: "rejectPlain" } }).refused();
    assert.equal(error.message, "no");
    assert.equal(error.data, undefined);
  });

  for (const [mode, counter, reason] of [
    ["fail", "handlers_failed", /secret reason/],
    ["trap", "handlers_trapped", /unreachable|stack exhausted/],
  ]) {
    test(`refuses the client where it ${mode}s, and tells why in the log only`, async (t) => {
      const host = await startHost(t);
      const refused = open(t, host, "/probe", { auth: { mode } });
      const error = await refused.refused();
      assert.doesNotMatch(error.message + JSON.stringify(error.data), /secret|trap/);
      assert.deepEqual(refused.events, []);
      const line = await host.log((line) => line.level === "ERROR");
      assert.equal(line.namespace, "/probe");
      assert.equal(line.event, "$connect");
      assert.match(line.message, reason);
      const counters = await host.stop();
      assert.equal(counters[counter], 1);
      assert.equal(counters.connections_rejected, 1);
    });
  }

  test("cannot wait for an acknowledgement of its own socket", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host, "/probe", { auth: { mode: "ask" } });
    const [answer] = await client.next("asked");
    assert.notEqual(answer, "ok");
    assert.deepEqual(client.all("question"), []);
  });

  test("may disconnect the client at once", async (t) => {
    const host = await startHost(t);
    const witness = await connect(t, host);
    const client = open(t, host, "/probe", { auth: { mode: "bye" } });
    assert.equal(await client.disconnected(), "io server disconnect");
    assert.equal(client.all("hello").length, 1);
    assert.equal((await witness.next("left"))[0].reason, "server namespace disconnect");
  });

  test("need not exist: a guest without it accepts at once", async (t) => {
    const host = await startHost(t, { components: ["bench"] });
    const client = await connect(t, host, "/bench");
    assert.equal(await client.ask("echo", "x"), "x");
  });
});

describe("$disconnect", () => {
  /** What each reason takes: options of the host, and how the connection ends. */
  const reasons = {
    "transport close": { end: (raw) => raw.socket.terminate() },
    "ping timeout": { flags: ["--ping-interval", "200ms", "--ping-timeout", "200ms"], end: () => {} },
    "parse error": { end: (raw) => raw.send("4?") },
    "client namespace disconnect": { end: (raw) => raw.send("41/probe,") },
    "server namespace disconnect": { end: (raw) => raw.send('42/probe,["quit",false]') },
    "forced server close": { end: (raw) => raw.send("40/probe,") },
  };

  for (const [reason, { flags, end }] of Object.entries(reasons)) {
    test(`runs once, with the reason "${reason}" and what the socket had`, async (t) => {
      const host = await startHost(t, { flags });
      const witness = await connect(t, host);
      const raw = await rawWebSocket(t, host, { headers: { "User-Agent": "raw" } });
      const id = await raw.join("/probe", { mode: "none" });
      raw.send('42/probe,0["join",["a","b"]]');
      await raw.skipTo("43/probe,0");
      end(raw);

      const [left] = await witness.next("left");
      assert.deepEqual(left, {
        id,
        reason,
        connected: false,
        rooms: ["a", "b", id].sort(),
        data: { mode: "none" },
        "user-agent": "raw",
      });
      assert.deepEqual(await witness.ask("fetch", { to: ["a"] }), []);
      assert.equal(witness.all("left").length, 1);
      const counters = await host.stop();
      assert.equal(counters.sockets_connected, 2);
      assert.equal(counters.sockets_disconnected, 2);
    });
  }

  test('runs with the reason "transport error" where a polling client breaks the rules', async (t) => {
    const host = await startHost(t);
    const witness = await connect(t, host);
    const polling = new RawPolling(host);
    await polling.join();
    await polling.post('42/probe,0["echo"]');
    await polling.skipTo("43/probe,0");
    const overlapping = await Promise.all([fetch(polling.url), fetch(polling.url)]);
    assert.ok(overlapping.some((response) => response.status === 400));
    assert.equal((await witness.next("left"))[0].reason, "transport error");
  });

  test('runs with the reason "server shutting down"', async (t) => {
    const host = await startHost(t, { components: ["nameless"] });
    await connect(t, host, "/");
    await host.stop();
    const line = await host.log((line) => line.target === "guest");
    assert.equal(line.message, "left: server shutting down");
  });

  test("comes after the socket's last event", async (t) => {
    const host = await startHost(t);
    const witness = await connect(t, host);
    const client = await connect(t, host);
    for (let number = 0; number < 5; number++) {
      client.emit("sleep", 30);
      client.emit("op", { broadcast: true, event: "seen", args: number });
    }
    client.socket.disconnect();
    await witness.next("left");
    const order = witness.events.filter(([event]) => ["seen", "left"].includes(event)).map(([event]) => event);
    assert.deepEqual(order, [...Array(5).fill("seen"), "left"]);
  });

  test("comes after a $connect during which the client went away", async (t) => {
    const host = await startHost(t);
    const witness = await connect(t, host);
    const raw = await rawWebSocket(t, host);
    await raw.expect("0{");
    raw.send('40/probe,{"mode":"slow","ms":300}');
    // Packets are read in order: an answer to this one shows that the host has read the one before.
    raw.send("40/nowhere,");
    await raw.skipTo("44/nowhere,");
    raw.socket.terminate();
    const [left] = await witness.next("left");
    assert.equal(left.reason, "transport close");
    assert.equal(left.data.mode, "slow");
  });

  test("emitting to its own socket does nothing", async (t) => {
    const host = await startHost(t, { components: ["probe", "chat"] });
    const probe = await connect(t, host, "/probe");
    const chat = await connect(t, host, "/chat", { on: probe });
    probe.emit("quit", false);
    await probe.disconnected();
    await chat.next("welcome");
    // The session goes on: a packet for the namespace that was left would have come before this one.
    chat.emit("privateMessage", { targetSocketId: chat.id, text: "x" });
    await chat.next("privateMessage");
    assert.deepEqual(probe.all("ghost"), []);
  });
});
