/**
 * What is promised about events, the socket's properties, acknowledgements and binary. Each test is named after its
 * promise. What the official client has options for is tried on all transports in client-features.test.mjs.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, rawWebSocket } from "./support/clients.mjs";
import { LANGUAGE, startHost } from "./support/host.mjs";

describe("order", () => {
  test("one socket's events are handled in the order they came", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    for (const number of numbers) client.emit("order", number);
    await client.ask("echo");
    assert.deepEqual(client.all("order").flat(), numbers);
  });

  test("one at a time: a slow handler holds up its own socket", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    client.emit("sleep", 200);
    const answers = [];
    await Promise.all([
      client.ask("sleep", 200).then(() => answers.push("slow")),
      client.ask("echo").then(() => answers.push("quick")),
    ]);
    assert.deepEqual(answers, ["slow", "quick"]);
  });

  test("but no other socket, of the same session neither", async (t) => {
    const host = await startHost(t, { components: ["probe", "bench"] });
    const slow = await connect(t, host);
    const sameSession = await connect(t, host, "/bench", { on: slow });
    const other = await connect(t, host);
    let slept = false;
    const sleeping = slow.ask("sleep", 5000).then(() => (slept = true));
    for (const client of [sameSession, other]) {
      for (let i = 0; i < 10; i++) await client.ask("echo", i);
    }
    assert.equal(slept, false);
    await sleeping;
  });
});

describe("commands", () => {
  test("take effect in the order they were called, when the handler waits and when it returns", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    client.socket.on("question", (_, answer) => answer("yes"));
    client.emit("halfway");
    await client.ask("echo");
    const seen = client.events.map(([event]) => event).filter((event) => event !== "hello");
    assert.deepEqual(seen, ["before", "question"], "what was sent before the wait stands, what came after is lost");
  });

  for (const [event, flags, counter, level] of [
    ["trap", [], "handlers_trapped", "ERROR"],
    ["loop", ["--handler-time", "300ms"], "handlers_timed_out", "ERROR"],
    // In JavaScript it is an exception like others.
    ...(LANGUAGE === "js" ? [] : [["oom", ["--handler-memory", "32MiB"], "handlers_out_of_memory", "ERROR"]]),
  ]) {
    test(`of a handler that ends by ${event} are lost; the socket stays, the failure is logged and counted`, async (t) => {
      const host = await startHost(t, { flags });
      const client = await connect(t, host);
      client.emit(event);
      assert.equal(await client.ask("echo", "still here"), "still here");
      assert.deepEqual(client.all("before"), []);
      assert.deepEqual((await client.ask("info")).rooms, [client.id]);
      const line = await host.log((line) => line.level === level);
      assert.deepEqual([line.namespace, line.event, line.socket], ["/probe", event, client.id]);
      assert.equal((await host.stop())[counter], 1);
    });
  }

  test("of a handler that returns an error stand; the failure is logged and nothing is acknowledged", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    let acknowledged = false;
    client.emit("fail", () => (acknowledged = true));
    await client.ask("echo");
    assert.equal(client.all("before").length, 1);
    assert.equal(acknowledged, false);
    const line = await host.log((line) => line.level === "ERROR");
    assert.match(line.message, /as it was told/);
    assert.equal((await host.stop()).handlers_failed, 1);
  });
});

test("socket.id: random, 20 characters, another one in each namespace, never the session's id", async (t) => {
  const host = await startHost(t, { components: ["probe", "bench"] });
  const probe = await connect(t, host);
  const bench = await connect(t, host, "/bench", { on: probe });
  const ids = [probe.id, bench.id, probe.socket.io.engine.id];
  for (let i = 0; i < 20; i++) ids.push((await connect(t, host)).id);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{20}$/);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal((await probe.ask("info")).id, probe.id);
});

describe("socket.rooms", () => {
  test("is a snapshot of the event's start, with the socket's own id; changes show on the next event", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    assert.deepEqual(await client.ask("join", ["a"]), [client.id]);
    assert.deepEqual(await client.ask("leave", "a"), ["a", client.id].sort());
    assert.deepEqual((await client.ask("info")).rooms, [client.id]);
  });

  test("the room of its own id cannot be left", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    await client.ask("leave", client.id);
    assert.deepEqual((await client.ask("info")).rooms, [client.id]);
    await client.ask("op", { from: "ns", to: [client.id], event: "private", args: 1 });
    assert.deepEqual(await client.next("private"), [1]);
  });
});

test("socket.handshake: headers, query, auth, address, time, and the reference server's", async (t) => {
  const host = await startHost(t);
  const before = Date.now();
  const client = await connect(t, host, "/probe", {
    auth: { token: 1 },
    query: { room: 1 },
    extraHeaders: { "X-Probe": "yes", Origin: "http://elsewhere.example" },
  });
  const { handshake } = await client.ask("info");
  assert.equal(handshake.headers["x-probe"], "yes");
  assert.equal(handshake.headers.host, `127.0.0.1:${host.port}`);
  assert.equal(handshake.query.room, "1");
  assert.deepEqual(handshake.auth, { token: 1 });
  assert.equal(handshake.address, "127.0.0.1");
  assert.ok(handshake.issued >= before && handshake.issued <= Date.now());
  assert.equal(Date.parse(handshake.time), handshake.issued);
  assert.equal(handshake.secure, false);
  assert.match(handshake.url, /^\/socket\.io\/\?.*transport=/);
  assert.equal(handshake.xdomain, true);
});

test("socket.handshake: without auth it is an empty object; without Origin it is no other domain", async (t) => {
  const host = await startHost(t);
  const { handshake } = await (await connect(t, host)).ask("info");
  assert.deepEqual(handshake.auth, {});
  assert.equal(handshake.xdomain, false);
});

describe("socket.data", () => {
  test("is kept for the connection's life, and for this connection only", async (t) => {
    const host = await startHost(t);
    const [ada, bob] = [await connect(t, host), await connect(t, host)];
    await ada.ask("set", "name", { first: "Ada", list: [1, "ü"] });
    await bob.ask("set", "name", "Bob");
    assert.deepEqual(await ada.ask("get"), { mode: null, name: { first: "Ada", list: [1, "ü"] } });
    assert.deepEqual(await bob.ask("get"), { mode: null, name: "Bob" });
    assert.deepEqual(await (await connect(t, host)).ask("get"), { mode: null });
  });

  test("shows at once in the handler that changed it", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    assert.deepEqual(await client.ask("set", "a", 1), { mode: null, a: 1 });
  });

  test("has 64 KiB at most: a larger one is an error to the guest, and the old one stays", async (t) => {
    const client = await connect(t, await startHost(t));
    assert.equal(await client.ask("setSize", 60_000), "ok");
    assert.notEqual(await client.ask("setSize", 70_000), "ok");
    assert.equal((await client.ask("get")).x.length, 60_000);
  });

  test("is all that lives on: every event has a fresh instance", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    for (let i = 0; i < 3; i++) assert.equal(await client.ask("state"), 1);
  });
});

describe("acks from client to guest", () => {
  test("the handler's return value is the ack", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    assert.deepEqual(await client.askArgs("echo", 1, "two", { three: [3] }, null), [1, "two", { three: [3] }, null]);
    assert.deepEqual(await client.askArgs("pair"), [1, 2]);
    assert.deepEqual(await client.askArgs("array"), [[1, 2]]);
    assert.deepEqual(await client.askArgs("nothing"), []);
    assert.equal(await client.ask("typed", { a: 21, more: true }), 42);
    assert.equal(await client.ask("optional"), null);
    assert.equal(await client.ask("optional", 1.5), 1.5);
  });

  const untyped = LANGUAGE === "js" && "JavaScript takes every argument";
  test("arguments that do not fit are logged and counted, and answer nothing", { skip: untyped }, async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    let acknowledged = false;
    for (const argument of [{ a: "x" }, null, undefined]) client.emit("typed", argument, () => (acknowledged = true));
    await client.ask("echo");
    assert.equal(acknowledged, false);
    const line = await host.log((line) => line.level === "WARN");
    assert.equal(line.event, "typed");
    assert.match(line.message, /a: |`a`|string|f64|number/);
    assert.equal((await host.stop()).invalid_arguments, 3);
  });

  test("the callback of JavaScript is a command: what is emitted later arrives later", { skip: LANGUAGE !== "js" }, async (t) => {
    const raw = await rawWebSocket(t, await startHost(t));
    await raw.join();
    raw.send('42/probe,7["ackFirst"]');
    const got = [await raw.skipTo('42/probe,["before"'), await raw.skipTo("4"), await raw.skipTo("4")];
    assert.deepEqual(got, ['42/probe,["before"]', '43/probe,7["first"]', '42/probe,["after"]']);
    raw.send('42/probe,8["echo",1]');
    assert.equal(await raw.skipTo("43/probe,"), "43/probe,8[1]", "the event was acknowledged once");
  });
});

describe("acks from guest to client", () => {
  test("emit_with_ack gets the client's answer", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    client.socket.on("question", (number, answer) => answer(number + 1));
    assert.deepEqual(await client.ask("ask", 20_000), { answer: [43] });
  });

  test("emit_with_ack ends with an error where none comes in time", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    const { error } = await client.ask("ask", 100);
    assert.match(error, /time/);
  });

  test("emit_with_ack ends where the client goes away", async (t) => {
    const host = await startHost(t, { flags: ["--handler-time", "60s"] });
    const witness = await connect(t, host);
    const client = await connect(t, host);
    client.emit("ask", 50_000);
    await client.next("question");
    client.socket.disconnect();
    await witness.next("left");
  });

  test("of a broadcast: the list of answers, and how many are missing", async (t) => {
    const host = await startHost(t);
    const asking = await connect(t, host);
    const others = [await connect(t, host), await connect(t, host), await connect(t, host)];
    for (const [i, other] of others.entries()) {
      await other.ask("join", ["asked"]);
      if (i > 0) other.socket.on("vote", (args, answer) => answer(`${args} ${i}`));
    }
    const all = await asking.ask("askAll", { to: ["asked"], event: "vote", args: "for", ms: 500 });
    assert.deepEqual(all.answers.flat().sort(), ["for 1", "for 2"]);
    assert.equal(all.missing, 1);
    const none = await asking.ask("askAll", { to: ["empty"], event: "vote", args: "for", ms: 20_000 });
    assert.deepEqual(none, { answers: [], missing: 0 });
  });
});

for (const transports of [["websocket"], ["polling"]]) {
  test(`binary over ${transports}: an object that looks like a placeholder is plain data`, async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host, "/probe", { transports });
    const args = [{ _placeholder: true, num: 0 }];
    assert.deepEqual(await client.askArgs("echo", ...args), args);
  });
}

describe("unhandled events", () => {
  test("do not run the guest", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    let acknowledged = false;
    for (let i = 0; i < 10; i++) client.emit("nobody knows this", i, () => (acknowledged = true));
    await client.ask("echo");
    assert.equal(acknowledged, false);
    client.socket.disconnect();
    assert.equal((await host.stop()).events_handled, 3, "$connect, echo, $disconnect");
  });

  test("$connect and $disconnect from a client never reach a handler", async (t) => {
    const host = await startHost(t);
    const raw = await rawWebSocket(t, host);
    await raw.join();
    await raw.expect('42/probe,["hello"');
    raw.send('42/probe,["$connect"]', '42/probe,["$disconnect","x"]', '42/probe,1["echo"]');
    await raw.expect("43/probe,1");
  });

  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    test(`the reserved name ${name} ends the session, as with the reference server`, async (t) => {
      const host = await startHost(t);
      const witness = await connect(t, host);
      const raw = await rawWebSocket(t, host);
      await raw.join();
      raw.send(`42/probe,["${name}"]`);
      await raw.closed();
      assert.equal((await witness.next("left"))[0].reason, "parse error");
      assert.notEqual(await witness.ask("reserved", name), "ok");
    });
  }
});

describe("the sandbox", () => {
  test("what a guest prints is logged with namespace, event and socket id", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host);
    await client.ask("print", "hello log");
    const out = await host.log((line) => line.target === "guest" && line.message === "hello log");
    assert.deepEqual([out.namespace, out.event, out.socket], ["/probe", "print", client.id]);
    await host.log((line) => line.target === "guest" && line.message === "err hello log");
  });

  test("has no environment, files or network, but clocks and random numbers", async (t) => {
    const host = await startHost(t, { env: { SECRET: "x" } });
    const client = await connect(t, host);
    assert.deepEqual(await client.ask("env"), {});
    assert.notEqual(await client.ask("net"), "ok");
    // JavaScript's globals have no arguments and no files.
    if (LANGUAGE !== "js") {
      assert.deepEqual(await client.ask("args"), []);
      assert.notEqual(await client.ask("fs"), "ok");
    }
    assert.ok(Math.abs((await client.ask("clock")) - Date.now()) < 60_000);
    assert.notEqual(await client.ask("random"), await client.ask("random"));
  });

  test("has the environment that --env grants", async (t) => {
    const host = await startHost(t, { flags: ["--env", "A=1", "--env", "B=x=y"] });
    assert.deepEqual(await (await connect(t, host)).ask("env"), { A: "1", B: "x=y" });
  });
});
