// Writes what the adapters and emitters of npm send through Redis to host/crates/cluster/src/captured.json, which the
// tests of that crate read: `node cluster/capture.mjs`, in tests/. Run it again for new versions of the packages.
//
// Redis is a few lines here, because only what the packages hand to it matters.

import { writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { createAdapter as pubsub } from "@socket.io/redis-adapter";
import { createAdapter as streams } from "@socket.io/redis-streams-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { Server } from "socket.io";
import { io } from "socket.io-client";

/** Looks like a client of the package `redis`, and keeps what it is given. */
class Bus {
  published = [];
  stream = [];
  keys = {};
  #listeners = [];
  #readers = [];

  on() {}
  listenerCount() {
    return 0;
  }
  duplicate() {
    return this;
  }
  async connect() {}
  disconnect() {}
  async pSubscribe(pattern, listener) {
    this.#listeners.push([(channel) => channel.startsWith(pattern.slice(0, -1)), listener]);
  }
  async subscribe(channels, listener) {
    this.#listeners.push([(channel) => channels.includes(channel), listener]);
  }
  async sSubscribe() {}
  async publish(channel, message) {
    const bytes = Buffer.from(message);
    this.published.push({ channel, message: bytes.toString("hex") });
    for (const [matches, listener] of this.#listeners) {
      if (matches(channel)) setImmediate(() => listener(bytes, channel));
    }
  }
  async sendCommand([, , channel]) {
    return [channel, String(this.#listeners.filter(([matches]) => matches(channel)).length)];
  }
  async xAdd(_key, _id, message) {
    const id = `${Date.now()}-${this.stream.length}`;
    this.stream.push({ id, message });
    for (const reader of this.#readers.splice(0)) reader();
    return id;
  }
  async xRead([{ id }]) {
    const from = id === "$" ? this.stream.length : this.stream.findIndex((entry) => entry.id === id) + 1;
    if (this.stream.length === from) await new Promise((resolve) => this.#readers.push(resolve));
    return [{ messages: this.stream.slice(from) }];
  }
  async set(key, value) {
    this.keys[key] = value;
  }
}

/** Two servers and a client of each in the namespace `/chat`; `use` gets them. */
async function cluster(bus, adapter, options, use) {
  const nodes = [];
  for (const name of ["one", "two"]) {
    const http = createServer().listen(0, "127.0.0.1");
    await once(http, "listening");
    const server = new Server(http, { adapter: adapter(), ...options });
    const joined = once(server.of("/chat"), "connection");
    server.of("/chat").on("connection", (socket) => {
      socket.data = { name, nested: [1.5, null] };
      socket.join(["r1", name]);
    });
    server.of("/chat").on("hi", (number, answer) => answer?.(`pong${number}`));
    const client = io(`http://127.0.0.1:${http.address().port}/chat?a=1&a=2`, {
      transports: ["websocket"],
      auth: { token: "é" },
      extraHeaders: { "x-name": name },
    });
    client.on("ask", (question, answer) => answer({ question, bytes: Buffer.from([1, 255]) }, "second"));
    const [socket] = await joined;
    nodes.push({ server, client, socket, chat: server.of("/chat") });
  }
  await settled();
  await use(...nodes);
  await settled();
  for (const { client, server } of nodes) {
    client.disconnect();
    await server.close();
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 300));

/** Every operator, from the first node. */
async function operators({ chat, socket }) {
  chat.emit("a", 1, { b: [true, null, 1.5] });
  chat.to("r1").emit("a", Buffer.from([1, 2]));
  chat.to(["r1", "r2"]).except("x").volatile.emit("a", "é");
  chat.emit("numbers", 127, 128, 65536, 2 ** 40, 2 ** 53 - 1, -1, -33, -129, -(2 ** 40), 0.1, 1.5e-300);
  chat.emit("long", "x".repeat(40), "y".repeat(300), Array.from({ length: 20 }, (_, i) => i), Buffer.alloc(300, 7));
  chat.emit("keys", Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, [i]])), "😀\n\"\\");
  socket.broadcast.emit("others", []);
  await chat.timeout(1000).emitWithAck("ask", "q");
  await chat.in("r1").fetchSockets();
  chat.in("r1").socketsJoin("r2");
  chat.in("r2").socketsLeave("r2");
  chat.serverSideEmit("hi", 1);
  await settled();
  await chat.serverSideEmitWithAck("hi", 1);
  chat.in("nobody").disconnectSockets(true);
}

async function capturePubsub() {
  const bus = new Bus();
  const emitter = new Emitter(bus).of("/chat");
  await cluster(bus, () => pubsub(bus, bus), {}, async (one) => {
    await operators(one);
    await one.chat.adapter.allRooms();
    emitter.to("r1").emit("e", { x: 1 });
    emitter.except("q").volatile.emit("e", Buffer.from([0]));
    emitter.in("r1").except("q").socketsJoin("z");
    emitter.in("r1").socketsLeave("z");
    emitter.serverSideEmit("hi", 2);
    emitter.in("nobody").disconnectSockets(true);
  });
  return { published: bus.published };
}

async function captureStreams() {
  const bus = new Bus();
  const options = { connectionStateRecovery: {} };
  await cluster(bus, () => streams(bus), options, async (one) => {
    await operators(one);
    one.chat.emit("b", Buffer.from([1]));
    one.client.io.engine.close();
    await settled();
  });
  return { published: bus.published, stream: bus.stream, keys: bus.keys };
}

const captured = { pubsub: await capturePubsub(), streams: await captureStreams() };
const file = new URL("../../host/crates/cluster/src/captured.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(captured, null, 1)}\n`);
process.exit(0);
