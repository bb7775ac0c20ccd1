/** What is promised about rooms, broadcasts and the other operations on many sockets. Each test is named after its promise. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, rawWebSocket } from "./support/clients.mjs";
import { CLUSTER, startHost } from "./support/host.mjs";

/** Four clients and their rooms: `ann` is the sender, `dan` is in none. */
const ROOMS = { ann: ["red"], bea: ["red", "blue"], cem: ["blue"], dan: [] };

async function crowd(t, host) {
  const clients = {};
  for (const [name, rooms] of Object.entries(ROOMS)) {
    clients[name] = await connect(t, host, "/probe", { auth: { name } });
    if (rooms.length > 0) await clients[name].ask("join", rooms);
  }
  return clients;
}

/**
 * Waits until what `ann` did has reached everybody, also those on another node: what one node tells the others keeps its
 * order, and so do packets to one client.
 */
async function settled(clients) {
  await clients.ann.ask("op", { from: "ns", event: "fence" });
  await Promise.all(Object.values(clients).map((client) => client.next("fence")));
}

/** Who got the event, by name, as often as they did. */
async function recipients(clients, event) {
  await settled(clients);
  return Object.entries(clients).flatMap(([name, client]) => client.all(event).map(() => name));
}

describe("broadcasts", () => {
  for (const [call, op, expected] of [
    ['socket.to("red")', { to: ["red"] }, ["bea"]],
    ['socket.in("red")', { in: ["red"] }, ["bea"]],
    ['socket.to("red").to("blue"): a union without duplicates', { to: ["red", "blue"] }, ["bea", "cem"]],
    ['socket.to("red").except("blue")', { to: ["red"], except: ["blue"] }, []],
    ['socket.except("blue")', { except: ["blue"] }, ["dan"]],
    ["socket.broadcast", { broadcast: true }, ["bea", "cem", "dan"]],
    ['socket.to("nobody")', { to: ["nobody"] }, []],
    ["socket.volatile.broadcast", { broadcast: true, volatile: true }, ["bea", "cem", "dan"]],
    // Of two nodes, `ann` and `cem` share one.
    ["socket.local.broadcast", { broadcast: true, local: true }, CLUSTER ? ["cem"] : ["bea", "cem", "dan"]],
    ['ns.to("red")', { from: "ns", to: ["red"] }, ["ann", "bea"]],
    ['ns.in("red")', { from: "ns", in: ["red"] }, ["ann", "bea"]],
    ['ns.to("red").to("blue")', { from: "ns", to: ["red", "blue"] }, ["ann", "bea", "cem"]],
    ['ns.to("red").to("red"): once', { from: "ns", to: ["red", "red"] }, ["ann", "bea"]],
    ['ns.to("red").except("blue"): except wins', { from: "ns", to: ["red"], except: ["blue"] }, ["ann"]],
    ['ns.except("red")', { from: "ns", except: ["red"] }, ["cem", "dan"]],
    ['ns.except("red").except("blue")', { from: "ns", except: ["red", "blue"] }, ["dan"]],
    ["ns.emit", { from: "ns" }, ["ann", "bea", "cem", "dan"]],
  ]) {
    test(`${call} reaches ${expected.join(", ") || "nobody"}`, async (t) => {
      const clients = await crowd(t, await startHost(t));
      await clients.ann.ask("op", { ...op, event: "news", args: { n: 1 } });
      assert.deepEqual(await recipients(clients, "news"), expected);
      for (const name of expected) assert.deepEqual(clients[name].all("news"), [[{ n: 1 }]]);
    });
  }

  test("a socket id is a room: a private message", async (t) => {
    const clients = await crowd(t, await startHost(t));
    await clients.ann.ask("op", { from: "ns", to: [clients.dan.id], event: "private" });
    assert.deepEqual(await recipients(clients, "private"), ["dan"]);
  });

  test("and can be left out by its id", async (t) => {
    const clients = await crowd(t, await startHost(t));
    await clients.ann.ask("op", { from: "ns", except: [clients.dan.id, clients.ann.id], event: "news" });
    assert.deepEqual(await recipients(clients, "news"), ["bea", "cem"]);
  });

  test("reach clients of both transports, and no other namespace", async (t) => {
    const host = await startHost(t, { components: ["probe", "/other=nameless"] });
    const ann = await connect(t, host);
    const polling = await connect(t, host, "/probe", { transports: ["polling"] });
    const other = await connect(t, host, "/other");
    await ann.ask("op", { from: "ns", event: "news", args: "ü" });
    assert.deepEqual(await ann.next("news"), ["ü"]);
    assert.deepEqual(await polling.next("news"), ["ü"]);
    await other.ask("name");
    assert.deepEqual(other.all("news"), []);
  });

  test("from one socket keep their order", async (t) => {
    const host = await startHost(t);
    const [ann, bea] = [await connect(t, host), await connect(t, host)];
    for (let number = 0; number < 200; number++) ann.emit("op", { broadcast: true, event: "news", args: number });
    for (let number = 0; number < 200; number++) assert.deepEqual(await bea.next("news"), [number]);
  });
});

describe("socket.join and socket.leave", () => {
  test("a socket that leaves a room hears it no more", async (t) => {
    const clients = await crowd(t, await startHost(t));
    await clients.bea.ask("leave", "red");
    await clients.ann.ask("op", { to: ["red"], event: "news" });
    assert.deepEqual(await recipients(clients, "news"), []);
    assert.deepEqual((await clients.bea.ask("info")).rooms, ["blue", clients.bea.id].sort());
  });

  test("joining twice is joining once", async (t) => {
    const clients = await crowd(t, await startHost(t));
    await clients.bea.ask("join", ["red", "red"]);
    await clients.ann.ask("op", { to: ["red"], event: "news" });
    assert.deepEqual(await recipients(clients, "news"), ["bea"]);
  });

  test("a socket that disconnects is in no room", async (t) => {
    const clients = await crowd(t, await startHost(t));
    clients.bea.socket.disconnect();
    await clients.ann.next("left");
    assert.equal((await clients.ann.ask("fetch", { from: "ns", to: ["blue"] })).length, 1);
  });
});

describe("socket.disconnect", () => {
  test("leaves the namespace, and the session goes on", async (t) => {
    const host = await startHost(t, { components: ["probe", "bench"] });
    const probe = await connect(t, host);
    const bench = await connect(t, host, "/bench", { on: probe });
    probe.emit("quit", false);
    assert.equal(await probe.disconnected(), "io server disconnect");
    assert.equal(await bench.ask("echo", 1), 1);
  });

  test("with close ends the session and every namespace on it", async (t) => {
    const host = await startHost(t, { components: ["probe", "/other=nameless"] });
    const witness = await connect(t, host);
    const probe = await connect(t, host);
    const other = await connect(t, host, "/other", { on: probe });
    probe.emit("quit", true);
    await probe.disconnected();
    await other.disconnected();
    assert.equal((await witness.next("left"))[0].reason, "server namespace disconnect");
    const line = await host.log((line) => line.message.startsWith("left: "));
    assert.equal(line.message, "left: server namespace disconnect");
  });

  test("events that the client sent after it are not handled", async (t) => {
    const host = await startHost(t);
    const witness = await connect(t, host);
    const raw = await rawWebSocket(t, host);
    await raw.join();
    raw.send('42/probe,["quit",false]', '42/probe,["op",{"broadcast":true,"event":"late"}]');
    await witness.next("left");
    await witness.ask("echo");
    assert.deepEqual(witness.all("late"), []);
  });

  test("the client can join the namespace again, with another id", async (t) => {
    const host = await startHost(t);
    const raw = await rawWebSocket(t, host);
    const first = await raw.join();
    raw.send('42/probe,["quit",false]');
    await raw.skipTo("41/probe,");
    raw.send("40/probe,");
    const second = JSON.parse((await raw.skipTo("40/probe,")).slice("40/probe,".length)).sid;
    assert.notEqual(second, first);
  });
});

describe("operations on many sockets", () => {
  test("fetch_sockets tells ids, rooms, data and handshake", async (t) => {
    const clients = await crowd(t, await startHost(t));
    await clients.cem.ask("set", "name", "Cem");
    const found = await clients.ann.ask("fetch", { from: "ns", to: ["blue"] });
    const byId = new Map(found.map((socket) => [socket.id, socket]));
    assert.equal(found.length, 2);
    assert.deepEqual(byId.get(clients.cem.id), {
      id: clients.cem.id,
      rooms: ["blue", clients.cem.id].sort(),
      address: "127.0.0.1",
      auth: { name: "cem" },
      data: { mode: null, name: "Cem" },
    });
    assert.deepEqual(byId.get(clients.bea.id).rooms, ["blue", "red", clients.bea.id].sort());
    assert.equal((await clients.ann.ask("fetch", {})).length, 3, "socket.* leaves the sender out");
    assert.equal((await clients.ann.ask("fetch", { from: "ns" })).length, 4);
  });

  test("sockets are counted, and listed with their rooms", async (t) => {
    const clients = await crowd(t, await startHost(t));
    const count = (op) => clients.ann.ask("count", op);
    assert.deepEqual(
      await Promise.all([count({}), count({ from: "ns" }), count({ from: "ns", to: ["blue"] }), count({ to: ["nobody"] })]),
      [3, 4, 2, 0],
    );
    const listed = await clients.ann.ask("list", { from: "ns", to: ["blue"] });
    const rooms = new Map(listed.map(({ id, rooms }) => [id, rooms]));
    assert.equal(listed.length, 2);
    assert.deepEqual(rooms.get(clients.bea.id), ["blue", "red", clients.bea.id].sort());
    assert.deepEqual(rooms.get(clients.cem.id), ["blue", clients.cem.id].sort());
  });

  test("sockets_join and sockets_leave change rooms of others", async (t) => {
    const clients = await crowd(t, await startHost(t));
    await clients.ann.ask("socketsJoin", { from: "ns", to: ["blue"], rooms: ["green", "gold"] });
    await clients.ann.ask("socketsLeave", { from: "ns", to: ["red"], rooms: ["gold"] });
    await settled(clients);
    assert.deepEqual((await clients.bea.ask("info")).rooms, ["blue", "red", "green", clients.bea.id].sort());
    assert.deepEqual((await clients.cem.ask("info")).rooms, ["blue", "green", "gold", clients.cem.id].sort());
    assert.deepEqual((await clients.ann.ask("info")).rooms, ["red", clients.ann.id].sort());
  });

  test("disconnect_sockets takes others out of the namespace", async (t) => {
    const clients = await crowd(t, await startHost(t));
    const ids = [clients.bea.id, clients.cem.id];
    await clients.ann.ask("disconnectSockets", { from: "ns", to: ["blue"] });
    assert.equal(await clients.bea.disconnected(), "io server disconnect");
    assert.equal(await clients.cem.disconnected(), "io server disconnect");
    const left = [(await clients.dan.next("left"))[0], (await clients.dan.next("left"))[0]];
    assert.deepEqual(left.map(({ id }) => id).sort(), ids.sort());
    for (const { reason } of left) assert.equal(reason, "server namespace disconnect");
    assert.equal(await clients.ann.ask("echo", 1), 1);
  });

  test("disconnect_sockets with close ends sessions", async (t) => {
    const host = await startHost(t, { components: ["probe", "bench"] });
    const ann = await connect(t, host);
    const bea = await connect(t, host);
    const bench = await connect(t, host, "/bench", { on: bea });
    await ann.ask("disconnectSockets", { close: true });
    await bea.disconnected();
    await bench.disconnected();
    assert.equal(await ann.ask("echo", 1), 1);
  });
});
