/**
 * What handlers in JavaScript can count on beside what every language has (`HOST_TEST_LANGUAGE=js` runs the semantics' own
 * tests). One component; each test is a promise.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";

import { component, connect, open, serve, until } from "./support/components.mjs";

const ENGINE = process.env.GUEST_SDK_ENGINE ?? "quickjs";

let probe;
before(async () => {
  probe = await component("probe.js", "--engine", ENGINE);
});

async function start(t, options) {
  const host = await serve(t, probe, options);
  const client = await connect(t, host, "/probe", options?.client);
  return { host, client, ask: (...args) => client.ask(...args) };
}

const source = readFileSync(new URL("handlers/probe.js", import.meta.url), "utf8").split("\n");
/** The number of the last line with this text. */
const lineOf = (text) => source.findLastIndex((line) => line.includes(text)) + 1;

const guestLine = (event, text) => (line) =>
  line.target === "guest" && line.event === event && (text === undefined || line.message.includes(text));

describe("registration", () => {
  test("`this` is the namespace, which is a function and an instance of its class", async (t) => {
    const { ask } = await start(t);
    assert.deepEqual(await ask("this"), [true, true, "function", true, "/probe"]);
  });

  test("`on` and `once` chain; handlers of one event run in order, and the first value that one returns is the ack", async (t) => {
    const { ask } = await start(t);
    assert.equal(await ask("once"), "as on");
    assert.equal(await ask("once"), "as on");
    assert.equal(await ask("several"), "the second");
  });

  test("inside a handler it is an error that says so", async (t) => {
    const { host, client } = await start(t);
    client.emit("in a handler");
    const line = await host.log((line) => line.level === "ERROR");
    assert.match(line.message, /register at the top level at .*probe\.js:\d+:\d+/);
  });
});

describe("ns.socket", () => {
  test("has the documented properties, with their types", async (t) => {
    const { client, ask } = await start(t, { client: { auth: { a: [1] }, query: { room: "x y", token: "t" } } });
    const { id, rooms, isSet, handshake, data, connected, recovered } = await ask("socket");
    assert.equal(id, client.id);
    assert.deepEqual(rooms, [client.id]);
    assert.deepEqual([isSet, connected, recovered], [true, true, false]);
    assert.deepEqual(data, { connected: true });
    assert.deepEqual(handshake.auth, { a: [1] });
    assert.deepEqual([handshake.query.room, handshake.query.token], ["x y", "t"]);
    assert.match(handshake.headers.host, /^127\.0\.0\.1:/);
    assert.equal(handshake.address, "127.0.0.1");
    assert.equal(Date.parse(handshake.time), handshake.issued);
    assert.deepEqual([handshake.secure, handshake.xdomain], [false, false]);
    assert.match(handshake.url, /^\/socket\.io\//);
  });

  test("commands return promises", async (t) => {
    const { ask } = await start(t);
    assert.deepEqual(await ask("promises"), [true, [null, null, null, null, null]]);
  });
});

describe("$connect", () => {
  for (const [refuse, message, data] of [
    ["ConnectError", "not today", { code: 401 }],
    ["Error with data", "no seat", { seats: 0 }],
    ["later", "after a wait", undefined],
  ]) {
    test(`refuses with ${refuse}: the client gets message and data`, async (t) => {
      const { host } = await start(t);
      const error = await open(t, host, "/probe", { auth: { refuse } }).refused();
      assert.deepEqual([error.message, error.data], [message, data]);
    });
  }

  for (const refuse of ["Error", "TypeError"]) {
    test(`that throws a ${refuse} refuses, and tells the log alone why`, async (t) => {
      const { host } = await start(t);
      const error = await open(t, host, "/probe", { auth: { refuse } }).refused();
      assert.doesNotMatch(error.message, /secret/);
      assert.equal(error.data, undefined);
      const line = await host.log((line) => line.level === "ERROR");
      assert.match(line.message, /secret.* at .*probe\.js:\d+:\d+/);
    });
  }
});

describe("broadcasts", () => {
  test("operators are immutable", async (t) => {
    const { client, ask } = await start(t);
    await ask("join", ["one", "three"]);
    await ask("immutable");
    await ask("return", 0);
    assert.equal(client.all("immutable").length, 1);
  });

  for (const [chain, advice] of [
    [["ns", ["join", "room"]], /ns\.socket\.join/],
    [["ns", ["leave", "room"]], /ns\.socket\.leave/],
    [["ns", "broadcast"], /ns\.socket\.broadcast/],
    [["ns", ["to", null]], /a room is a string, not null/],
    [["socket", ["join", { room: 1 }]], /a room is a string, not object/],
    [["socket", ["emit", null]], /an event's name is a string, not null/],
    [["ns", ["to", "room"], ["emit", "newListener"]], /`newListener` is a reserved name/],
    [["socket", ["timeout", "soon"], ["emitWithAck", "x"]], /a timeout is a number/],
  ]) {
    test(`${JSON.stringify(chain)} is an error that says what to do`, async (t) => {
      const { ask } = await start(t);
      assert.match((await ask("try", chain)).message, advice);
    });
  }

  test("an error that nobody awaits is logged, one that is caught is not", async (t) => {
    const { host, client, ask } = await start(t);
    client.emit("forgotten");
    const line = await host.log(guestLine("forgotten"));
    assert.equal(line.level, "ERROR");
    assert.match(line.message, /emit `connect`: `connect` is a reserved name.* at .*probe\.js:\d+:\d+/);
    await ask("return", 0);
    assert.equal(host.lines.filter(guestLine("forgotten")).length, 1);
  });
});

describe("socket.data", () => {
  test("keeps what handlers change, also after a wait, for this connection alone", async (t) => {
    const { host, client, ask } = await start(t);
    const bob = await connect(t, host, "/probe");
    client.emit("set", "a", { deep: [1] });
    client.emit("set", "b", "ü", true);
    assert.deepEqual(await ask("get"), { connected: true, a: { deep: [1] }, b: "ü" });
    client.emit("replace", { only: 1 });
    assert.deepEqual(await ask("get"), { only: 1 });
    assert.deepEqual(await bob.ask("get"), { connected: true });
  });

  test("is written before the handler waits", async (t) => {
    const { host, client, ask } = await start(t);
    const bob = await connect(t, host, "/probe");
    const seen = async () => (await bob.ask("others")).find(({ id }) => id === client.id).data.seen;
    let during;
    client.socket.on("wait", async (answer) => answer((during = await seen())));
    client.emit("set, then ask");
    assert.deepEqual(await client.next("wait").then(() => ask("get")), { connected: true, seen: "after" });
    assert.equal(during, "before the wait");
    client.emit("set, then wait");
    await until(async () => (await seen()) === "before the wait", "the data is written while the handler waits");
  });

  test("that is too large is an error, and the old one stays", async (t) => {
    const { host, client, ask } = await start(t);
    client.emit("set", "big", "x".repeat(70_000));
    const line = await host.log((line) => line.level === "ERROR");
    assert.match(line.message, /socket\.data: larger than 65536 bytes/);
    assert.deepEqual(await ask("get"), { connected: true });
  });

  test("is an object", async (t) => {
    const { host, client } = await start(t);
    client.emit("replace", [1]);
    assert.match((await host.log((line) => line.level === "ERROR")).message, /socket\.data is an object/);
  });
});

describe("acks", () => {
  test("the callback is the last argument; it counts before the returned value, and once", async (t) => {
    const { client } = await start(t);
    assert.deepEqual(await client.askArgs("ack", { a: 1 }), [{ a: 1 }, "more"]);
    assert.deepEqual(await client.askArgs("ack twice"), [1]);
    assert.deepEqual(await client.askArgs("ack later"), ["later"]);
    assert.deepEqual(await client.ask("args", 1, "two"), [1, "two", "callback"]);
  });

  test("the callback is there only where the client waits for an answer", async (t) => {
    const { client } = await start(t);
    client.emit("arguments", 1);
    assert.deepEqual(await client.next("arguments"), [1, "number"]);
  });

  test("a returned value is the answer, but for undefined", async (t) => {
    const { client } = await start(t);
    for (const value of [null, 0, "", false, { a: [] }, [1, 2]]) assert.deepEqual(await client.askArgs("return", value), [value]);
    let answered = false;
    client.socket.emit("nothing", () => (answered = true));
    await client.ask("return", 0);
    assert.equal(answered, false);
  });

  test("an answer that was given stands, whatever the handler throws afterwards; the error is logged", async (t) => {
    const { host, ask } = await start(t);
    assert.equal(await ask("ack, then throw"), "sent");
    assert.equal((await host.log(guestLine("ack, then throw", "after the answer"))).level, "ERROR");
  });

  test("socket.emitWithAck resolves to the client's answer, or rejects when it takes too long", async (t) => {
    const { client, ask } = await start(t);
    client.socket.on("question", (number, answer) => answer(number + 1, "more"));
    assert.equal(await ask("call", ["socket", ["emitWithAck", "question", 41]]), 42);
    const late = await ask("try", ["socket", ["timeout", 50], ["emitWithAck", "unknown"]]);
    assert.equal(late.code, "timeout");
    assert.match(late.message, /operation has timed out/);
  });

  test("operators' emitWithAck resolves to all answers, or rejects with those that came", async (t) => {
    const { host, client, ask } = await start(t);
    const bob = await connect(t, host, "/probe");
    client.socket.on("vote", (answer) => answer("yes"));
    bob.socket.on("vote", (answer) => answer("no"));
    assert.deepEqual((await ask("call", ["ns", ["emitWithAck", "vote"]])).sort(), ["no", "yes"]);
    bob.socket.off("vote");
    const late = await ask("try", ["ns", ["timeout", 100], ["emitWithAck", "vote"]]);
    assert.deepEqual(late.responses, ["yes"]);
    assert.match(late.message, /operation has timed out/);
  });
});

for (const transports of [["websocket"], ["polling"]]) {
  describe(`binary over ${transports}`, () => {
    test("comes as Uint8Array at any depth", async (t) => {
      const { ask } = await start(t, { client: { transports } });
      const value = { deep: [{ blob: Buffer.from([0, 255]) }, "x"], empty: new Uint8Array(0) };
      assert.deepEqual(await ask("binary", value), [["Uint8Array", [0, 255]], ["Uint8Array", []]]);
    });

    test("goes from Buffer, ArrayBuffer and every view, at any depth", async (t) => {
      const { host, client, ask } = await start(t, { client: { transports } });
      const bytes = (...values) => Buffer.from(values);
      assert.deepEqual(await ask("binaries"), {
        deep: [{ array: bytes(1, 2, 3, 4), part: bytes(2, 3) }],
        buffer: Buffer.from("hi"),
        arrayBuffer: bytes(1, 2, 3, 4),
        words: bytes(1, 2),
        view: bytes(3, 4),
        placeholder: "text",
      });
      const bob = await connect(t, host, "/probe");
      client.emit("emit binary", Buffer.from([9]));
      assert.deepEqual(await bob.next("blob"), [{ blob: bytes(9) }]);
      assert.deepEqual(await ask("return", bytes(7)), bytes(7));
    });
  });
}

describe("the log", () => {
  test("console.* has its level, with namespace, event and socket", async (t) => {
    const { host, client } = await start(t, { env: { HOST_LOG: "info,guest=debug" } });
    client.emit("console");
    await host.log(guestLine("console", "to debug"));
    const lines = host.lines.filter(guestLine("console"));
    assert.deepEqual(lines.map(({ level, message }) => [level, message]), [
      ["INFO", "to log, 1 { a: [ 1, Set (1) {'x'} ] }"],
      ["INFO", "to info"],
      ["WARN", "to warn"],
      ["ERROR", "to error"],
      ["ERROR", "in two lines"],
      ["DEBUG", "to debug"],
    ]);
    assert.deepEqual([lines[0].namespace, lines[0].socket], ["/probe", client.id]);
  });

  test("an error that is printed has a stack of the handler's own files", async (t) => {
    const { host, client } = await start(t);
    client.emit("print error");
    await host.log(guestLine("print error", "it failed: RangeError: too far"));
    await host.log(guestLine("print error", "probe.js:"));
    const lines = host.lines.filter(guestLine("print error"));
    assert.ok(lines.every(({ message }) => !/realtime|serve\.js|native/.test(message)), JSON.stringify(lines));
  });

  test("an error that is thrown is logged with every frame, name and position of the handler's own file", async (t) => {
    const { host, client, ask } = await start(t);
    client.emit("throw");
    const { message } = await host.log((line) => line.level === "ERROR");
    const frames = ["value.is.missing", "return inner(", '("throw"'].map((text) => `probe\\.js:${lineOf(text)}:\\d+`);
    assert.match(message, new RegExp(`TypeError: .* at inner .*${frames[0]}.* at outer .*${frames[1]}.* at .*${frames[2]}`));
    assert.doesNotMatch(message, /user\.js|serve|native/);
    assert.equal(await ask("return", "still here"), "still here");
  });

  test("causes are logged, and what is thrown without being an error", async (t) => {
    const { host, client } = await start(t);
    client.emit("throw later");
    await host.log(({ level, message }) => level === "ERROR" && /Error: later .*caused by TypeError: the cause/.test(message));
    client.emit("throw text");
    await host.log(({ level, message }) => level === "ERROR" && /thrown: just text/.test(message));
  });
});

describe("timers", () => {
  test("run in the order of their times; intervals and microtasks work", async (t) => {
    const { ask } = await start(t);
    assert.deepEqual(await ask("timers"), { order: ["first", "second", "third", "microtask"], ticks: 3 });
  });

  test("wait beside each other", async (t) => {
    const { ask } = await start(t);
    const took = await ask("together");
    assert.ok(took >= 99, `${took} ms`);
  });

  test("that are pending when the handler is done are dropped", async (t) => {
    const { client, ask } = await start(t);
    assert.equal(await ask("pending"), "returned");
    await ask("together");
    assert.deepEqual(client.all("too late"), []);
  });

  test("that throw are logged, and the handler goes on", async (t) => {
    const { host, ask } = await start(t);
    assert.equal(await ask("timer throws"), "goes on");
    assert.equal((await host.log(guestLine("timer throws", "TypeError"))).level, "ERROR");
  });
});

describe("time and randomness", () => {
  test("are those of the moment, in every instance", async (t) => {
    const { ask } = await start(t);
    const [one, two] = [await ask("random"), await ask("random")];
    for (const i of [0, 1, 2]) assert.notDeepEqual(one[i], two[i]);
    assert.ok(one[0] >= 0 && one[0] < 1);
    assert.match(one[1], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const before = Date.now();
    const { now, iso, performance } = await ask("now");
    assert.ok(now >= before && now <= Date.now());
    assert.ok(Math.abs(Date.parse(iso) - now) < 1000);
    assert.ok(performance >= 0 && performance < 10_000);
  });
});

describe("globals", () => {
  test("that people expect are there", async (t) => {
    const { ask } = await start(t);
    assert.deepEqual(await ask("globals"), {
      text: "grüß 👋",
      clone: [2, 0, 1],
      url: ["http://user@a.example/b?c=1&c=2#d", "a=b+c"],
      base64: ["aGk=", "hi", "6869"],
      types: ["function", "function", "function"],
    });
  });
});
