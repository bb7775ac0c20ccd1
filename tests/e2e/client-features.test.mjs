/**
 * What the official client can do and takes a server for, on each way of transport. `FEATURES` is the list; the ways in
 * which a connection ends are the table below it.
 *
 * In the third way the upgrade is over before a feature is tried, but for those that say `whileUpgrading`.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, open } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { startProxy } from "./support/proxy.mjs";
import { until, within } from "./support/wait.mjs";

const WAYS = {
  "websocket only": ["websocket"],
  "polling only": ["polling"],
  "polling, then upgrade": ["polling", "websocket"],
};
const BYTES = Buffer.from([0, 1, 2, 30, 127, 128, 254, 255]);
/** The client's own name for the transport that it uses now. */
const transport = (client) => client.socket.io.engine.transport.name;
const upgraded = (client) => until(() => transport(client) === "websocket", "the client is upgraded");

/**
 * By the client's name for it. `try` gets the test, the host (with the `flags` and `components` that are given), a
 * function that connects an official client with options of `io`, and the way's transports.
 */
const FEATURES = {
  "auth, an object": {
    async try(t, host, join) {
      const auth = { token: "ü", list: [1, { a: null }] };
      const client = await join({ auth });
      assert.deepEqual((await client.ask("info")).handshake.auth, auth);
    },
  },
  "auth, a function: asked for every connection, and may take its time": {
    async try(t, host, join) {
      const proxy = await startProxy(t, host);
      let asked = 0;
      const auth = (answer) => setTimeout(() => answer({ quiet: true, asked: ++asked }), 20);
      const client = await join({ auth, ...RECONNECTING }, "/probe", proxy);
      assert.equal((await client.ask("info")).handshake.auth.asked, 1);
      await proxy.interrupt(client);
      assert.equal((await client.ask("info")).handshake.auth.asked, 2);
    },
  },
  query: {
    async try(t, host, join) {
      const client = await join({ query: { room: "a b&c", ü: "1" } });
      const { query } = (await client.ask("info")).handshake;
      assert.equal(query.room, "a b&c");
      assert.equal(query["ü"], "1");
      assert.equal(query.EIO, "4");
    },
  },
  extraHeaders: {
    async try(t, host, join) {
      const client = await join({ extraHeaders: { "X-Probe": "yes", Cookie: "a=1; b=2" } });
      const { headers } = (await client.ask("info")).handshake;
      assert.equal(headers["x-probe"], "yes");
      assert.equal(headers.cookie, "a=1; b=2");
    },
  },
  "transportOptions: headers of the first transport only": {
    async try(t, host, join, [first]) {
      const header = (name) => ({ extraHeaders: { "X-Transport": name } });
      const transportOptions = { polling: header("polling"), websocket: header("websocket") };
      const client = await join({ transportOptions });
      assert.equal((await client.ask("info")).handshake.headers["x-transport"], first);
    },
  },
  path: {
    flags: ["--path", "/live"],
    async try(t, host, join) {
      const client = await join({ path: "/live" });
      assert.equal(await client.ask("echo", 1), 1);
    },
  },
  "protocols: the first subprotocol is chosen": {
    async try(t, host, join, transports) {
      const client = await join({ protocols: ["first", "second"] });
      assert.equal(await client.ask("echo", 1), 1);
      if (transports.includes("websocket")) assert.equal(client.socket.io.engine.transport.ws.protocol, "first");
    },
  },
  "forceBase64: binary is sent as text": {
    async try(t, host, join) {
      const client = await join({ forceBase64: true });
      const args = [BYTES, { deep: [BYTES] }];
      assert.deepEqual(await client.askArgs("echo", ...args), args);
    },
  },
  compress: {
    async try(t, host, join) {
      const client = await join();
      for (const compress of [true, false]) {
        const text = "x".repeat(10_000);
        assert.equal(await client.socket.compress(compress).emitWithAck("echo", text), text);
      }
    },
  },
  "send: an event called message": {
    components: ["wildcard"],
    async try(t, host, join) {
      const client = await join({}, "/wildcard");
      client.socket.send("hello", { n: 1 });
      assert.deepEqual(await client.next("message"), ["hello", { n: 1 }]);
    },
  },
  "events of any name, at a handler that takes all": {
    components: ["wildcard"],
    async try(t, host, join) {
      const client = await join({}, "/wildcard");
      assert.equal(await client.ask("size", "a", "b"), 2, "the event's own handler runs as well");
      client.emit("née", 1);
      assert.deepEqual(await client.next("size"), ["a", "b"]);
      assert.deepEqual(await client.next("née"), [1]);
    },
  },
  "onAny, prependAny, onAnyOutgoing": {
    async try(t, host, join) {
      const client = await join({ auth: { quiet: true } });
      const seen = [];
      client.socket.onAny((event, ...args) => seen.push(["in", event, ...args]));
      client.socket.prependAny((event) => seen.push(["first", event]));
      client.socket.onAnyOutgoing((event, ...args) => seen.push(["out", event, args[0]]));
      await client.ask("emit", "news", 7);
      assert.deepEqual(seen, [["out", "emit", "news"], ["first", "news"], ["in", "news", 7]]);
    },
  },
  "several namespaces on one session": {
    components: ["probe", "bench", "nameless"],
    async try(t, host, join) {
      const probe = await join();
      const bench = await connect(t, host, "/bench", { on: probe });
      const nameless = await connect(t, host, "/", { on: probe });
      const clients = [probe, bench, nameless];
      assert.equal(new Set(clients.map((client) => client.id)).size, 3);
      assert.equal(new Set(clients.map((client) => client.socket.io.engine.id)).size, 1);
      assert.equal((await host.status()).sessions, 1);
      await bench.ask("join", "room");
      bench.emit("say", "room", "here");
      assert.deepEqual(await bench.next("said"), ["here"]);
      assert.deepEqual(await probe.askArgs("echo", BYTES), [BYTES]);
      bench.socket.disconnect();
      assert.equal(await nameless.ask("name"), "/");
      assert.deepEqual([...probe.all("said"), ...nameless.all("said")], []);
      await until(async () => (await host.status()).sockets === 2, "one namespace is left, the others stay");
    },
  },
  "connect_error with data, and another try": {
    async try(t, host, join, transports) {
      const client = open(t, host, "/probe", { transports, auth: { mode: "reject" } });
      const error = await client.refused();
      assert.equal(error.message, "no");
      assert.deepEqual(error.data, { code: 7 });
      assert.equal(client.socket.active, false, "the client does not try again by itself");
      client.socket.auth = {};
      const again = reconnected(client);
      client.socket.connect();
      await again;
      assert.equal(await client.ask("echo", 1), 1);
    },
  },
  "events that are emitted before it is connected": {
    whileUpgrading: true,
    async try(t, host, join, transports) {
      const client = open(t, host, "/probe", { transports, auth: { mode: "slow", ms: 100 } });
      for (let number = 0; number < 50; number++) client.emit("order", number);
      await client.connected();
      for (let number = 0; number < 50; number++) assert.deepEqual(await client.next("order"), [number]);
    },
  },
  "binary both ways, at any depth": {
    whileUpgrading: true,
    async try(t, host, join) {
      const client = await join();
      const args = [BYTES, { deep: [{ blob: BYTES }, "text"] }, [Buffer.alloc(0)], "last"];
      assert.deepEqual(await client.askArgs("echo", ...args), args);
      assert.deepEqual(await client.ask("nested", { blob: BYTES }), { size: 8, copy: BYTES });
      assert.deepEqual(await client.next("blob"), [{ deep: [BYTES] }]);
      const typed = new Uint16Array([1, 0xabcd]);
      assert.deepEqual(await client.ask("echo", typed.buffer), Buffer.from(typed.buffer));
    },
  },
  "volatile, from the client and from its handler": {
    async try(t, host, join, transports) {
      const client = await join();
      client.socket.disconnect();
      client.socket.volatile.emit("order", 1);
      client.emit("order", 2);
      const again = reconnected(client);
      client.socket.connect();
      await again;
      if (transports.length > 1) await upgraded(client);
      assert.deepEqual(await client.next("order"), [2], "what is volatile is not kept for a connection");
      // A polling client may be between two requests, and then drops what is volatile.
      await until(() => {
        client.socket.volatile.emit("order", 3);
        return client.all("order").length > 1;
      }, "a volatile event is handled");
      // The host drops it as well while answers to the events above have yet to be sent.
      await until(async () => {
        await client.ask("emitVolatile", "weather", { n: 1 });
        return client.all("weather").length > 0;
      }, "a volatile event is received");
      assert.deepEqual(await client.next("weather"), [{ n: 1 }]);
    },
  },
  "timeout().emitWithAck, answered and not": {
    async try(t, host, join) {
      const client = await join();
      assert.equal(await client.socket.timeout(20_000).emitWithAck("echo", "yes"), "yes");
      await assert.rejects(client.socket.timeout(50).emitWithAck("fail"), /operation has timed out/);
      const told = new Promise((told) => client.socket.timeout(50).emit("fail", told));
      assert.match((await told).message, /operation has timed out/);
    },
  },
  "ackTimeout": {
    async try(t, host, join) {
      const client = await join({ ackTimeout: 300 });
      await assert.rejects(client.socket.emitWithAck("fail"), /operation has timed out/);
    },
  },
  "retries: one packet after the other, again until it is acknowledged or given up": {
    async try(t, host, join) {
      const client = await join({ retries: 2, ackTimeout: 400 });
      const given = new Promise((given) => client.socket.emit("fail", given));
      const answer = new Promise((answer) => client.socket.emit("echo", "next", (_, value) => answer(value)));
      assert.match((await given).message, /operation has timed out/);
      assert.equal(await answer, "next");
      assert.equal(client.all("before").length, 3, "tried once, and twice again");
    },
  },
  "retries: what was not acknowledged is sent again after a reconnection": {
    async try(t, host, join) {
      const proxy = await startProxy(t, host);
      const client = await join({ retries: 5, ackTimeout: 20_000, ...RECONNECTING }, "/probe", proxy);
      const answer = new Promise((answer) => client.socket.emit("ask", 9_000, (error, value) => answer(value)));
      await client.next("question");
      await proxy.interrupt(client);
      (await client.next("question")).at(-1)("at last");
      assert.deepEqual(await answer, { answer: ["at last"] });
    },
  },
  "reconnection after the host closed the session": {
    async try(t, host, join) {
      const client = await join(RECONNECTING);
      const { id } = client;
      await client.ask("join", ["room"]);
      const again = reconnected(client);
      client.emit("echo", "x".repeat(1_100_000));
      assert.match(await client.disconnected(), /^transport (close|error)$/);
      await again;
      assert.notEqual(client.id, id);
      assert.deepEqual((await client.ask("info")).rooms, [client.id], "it is another socket");
    },
  },
  "no reconnection by itself after a handler's disconnect, but where it is asked for": {
    async try(t, host, join) {
      const client = await join(RECONNECTING);
      client.emit("quit", true);
      assert.equal(await client.disconnected(), "io server disconnect");
      assert.equal(client.socket.active, false);
      const again = reconnected(client);
      client.socket.connect();
      await again;
      assert.equal(await client.ask("echo", 1), 1);
    },
  },
};

const RECONNECTING = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 20 };

/** Waits for the next connection; to be called before the last one ends. */
const reconnected = (client) =>
  within(new Promise((again) => client.socket.once("connect", again)), "the client is connected again");

for (const [way, transports] of Object.entries(WAYS)) {
  describe(way, () => {
    for (const [name, { flags, components, whileUpgrading, ...feature }] of Object.entries(FEATURES)) {
      test(name, async (t) => {
        const host = await startHost(t, { flags, components });
        const join = async (options, namespace = "/probe", through = host) => {
          const client = await connect(t, through, namespace, { transports, ...options });
          if (transports.length > 1 && !whileUpgrading) await upgraded(client);
          return client;
        };
        await feature.try(t, host, join, transports);
      });
    }
  });
}

/** How a connection ends, and what both sides call it; for the client it may depend on the last transport. */
const ENDS = {
  "the client's disconnect()": {
    end: ({ client }) => client.socket.disconnect(),
    client: "io client disconnect",
    host: "client namespace disconnect",
  },
  "the client closes the session": {
    end: ({ client }) => client.socket.io.engine.close(),
    client: "forced close",
    host: "transport close",
  },
  "its handler's disconnect()": {
    end: ({ client }) => client.emit("quit", false),
    client: "io server disconnect",
    host: "server namespace disconnect",
  },
  "its handler's disconnect(true)": {
    end: ({ client }) => client.emit("quit", true),
    client: "io server disconnect",
    host: "server namespace disconnect",
  },
  "another's disconnect_sockets": {
    end: ({ witness }) => witness.emit("disconnectSockets", {}),
    client: "io server disconnect",
    host: "server namespace disconnect",
  },
  "another's disconnect_sockets(true)": {
    end: ({ witness }) => witness.emit("disconnectSockets", { close: true }),
    client: "io server disconnect",
    host: "server namespace disconnect",
  },
  "the network breaks": {
    end: ({ proxy, last }) => (last === "polling" ? proxy.cutPoll() : proxy.cut()),
    client: { websocket: "transport close", polling: "transport error" },
    host: { websocket: "transport close", polling: "transport error" },
  },
  "the network goes silent": {
    flags: ["--ping-interval", "500ms", "--ping-timeout", "1s"],
    end: ({ proxy }) => proxy.freeze(),
    client: "ping timeout",
    host: "ping timeout",
  },
  "a packet that the host cannot read": {
    end: ({ client }) => client.socket.io.engine.write("x?"),
    client: "transport close",
    host: "parse error",
  },
};

for (const [way, transports] of Object.entries(WAYS)) {
  const last = transports.at(-1);
  const told = (reasons) => reasons[last] ?? reasons;
  describe(`reasons of a disconnect, ${way}`, () => {
    for (const [name, { flags, end, ...reasons }] of Object.entries(ENDS)) {
      test(`${name}: ${told(reasons.client)} / ${told(reasons.host)}`, async (t) => {
        const host = await startHost(t, { flags });
        const proxy = await startProxy(t, host);
        const witness = await connect(t, host);
        const client = await connect(t, proxy, "/probe", { transports });
        if (transports.length > 1) await upgraded(client);
        const { id } = client;
        // The host, too, is done with the upgrade.
        await client.ask("echo");
        await end({ client, witness, proxy, last });
        assert.equal(await client.disconnected(), told(reasons.client));
        const [left] = await witness.next("left");
        assert.deepEqual([left.id, left.reason], [id, told(reasons.host)]);
      });
    }
  });
}

describe("choice of the transport", () => {
  test("tryAllTransports: the next one, where the first does not come about", async (t) => {
    const host = await startHost(t);
    for (const transports of [["websocket", "polling"], ["polling", "websocket"]]) {
      const [refused, used] = transports;
      const proxy = await startProxy(t, host, { refuses: new RegExp(`transport=${refused}`) });
      await open(t, proxy, "/probe", { transports }).refused();
      const client = await connect(t, proxy, "/probe", { transports, tryAllTransports: true });
      assert.equal(transport(client), used);
      assert.equal(await client.ask("echo", 1), 1);
    }
  });

  test("an upgrade that is refused leaves the client on polling", async (t) => {
    const host = await startHost(t);
    const proxy = await startProxy(t, host, { refuses: /transport=websocket/ });
    const client = await connect(t, proxy, "/probe", { transports: ["polling", "websocket"] });
    for (let number = 0; number < 20; number++) assert.equal(await client.ask("echo", number), number);
    assert.equal(transport(client), "polling");
  });

  test("upgrade: false stays on polling", async (t) => {
    const host = await startHost(t);
    const client = await connect(t, host, "/probe", { transports: ["polling", "websocket"], upgrade: false });
    for (let number = 0; number < 20; number++) assert.equal(await client.ask("echo", number), number);
    assert.equal(transport(client), "polling");
  });

  test("rememberUpgrade: the next connection begins with websocket", async (t) => {
    const host = await startHost(t);
    const options = { transports: ["polling", "websocket"], rememberUpgrade: true };
    const first = await connect(t, host, "/probe", options);
    await upgraded(first);
    const second = await connect(t, host, "/probe", options);
    assert.equal((await second.ask("info")).handshake.query.transport, "websocket");
  });
});
