/**
 * A Node server in the cluster: `socket.io` with the adapter of a format. In the namespace `/probe` it does for its clients
 * what the component `probe` does, as far as other nodes are concerned (tests/components/probe).
 */

import { once } from "node:events";
import { createServer } from "node:http";

import { createAdapter as pubsub } from "@socket.io/redis-adapter";
import { createAdapter as streams } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

import { until } from "../../e2e/support/wait.mjs";

/** Starts one, and stops it after the test. It can stand in for a host where clients are opened. */
export async function startServer(t, redis, format, prefix) {
  const client = await connectRedis(t, redis);
  const adapter = await adapters[format](t, client, prefix);
  const http = createServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  const io = new Server(http, { adapter });
  t.after(() => io.close());
  const probe = io.of("/probe");
  probe.on("connection", (socket) => serve(probe, socket));
  // The adapters subscribe without telling when they have.
  await until(async () => (await probe.adapter.serverCount()) > 0, "the server has subscribed");
  const { port } = http.address();
  return { url: `http://127.0.0.1:${port}`, port, probe, io };
}

/** A client of Redis, closed after the test. */
export async function connectRedis(t, redis) {
  const client = createClient({ url: redis.url });
  // It connects again by itself.
  client.on("error", () => {});
  await client.connect();
  // What it still waits for comes first, if Redis is there.
  t.after(() => void client.close().catch(() => {}));
  return client;
}

const adapters = {
  async pubsub(t, client, key) {
    const subscriber = client.duplicate();
    subscriber.on("error", () => {});
    await subscriber.connect();
    t.after(() => void subscriber.close().catch(() => {}));
    return pubsub(client, subscriber, { key });
  },
  async streams(_, client, prefix) {
    return streams(client, { streamName: prefix, channelPrefix: prefix });
  },
};

function serve(probe, socket) {
  socket.data.mode = null;
  const on = (event, act) =>
    socket.on(event, async (...args) => {
      const ack = typeof args.at(-1) === "function" ? args.pop() : () => {};
      ack(await act(...args));
    });
  const rooms = () => [...socket.rooms].sort();
  on("echo", (...args) => args[0]);
  on("info", () => ({ id: socket.id, rooms: rooms(), data: socket.data }));
  on("set", (key, value) => void (socket.data[key] = value));
  on("join", async (names) => void (await socket.join(names)));
  on("leave", (name) => socket.leave(name));
  on("op", (op) => void operator(probe, socket, op).emit(op.event, op.args));
  on("pass", (...args) => void socket.broadcast.emit("passed", ...args));
  on("askAll", async (op) => {
    // Like the host: the answers that came, however many are missing.
    const all = operator(probe, socket, op).timeout(op.ms);
    return new Promise((done) => all.emit(op.event, op.args, (error, answers) => done({ answers, failed: error !== null })));
  });
  on("fetch", async (op) =>
    (await operator(probe, socket, op).fetchSockets()).map(({ id, rooms, data, handshake }) => ({
      id,
      rooms: [...rooms].sort(),
      data,
      address: handshake.address,
      auth: handshake.auth,
    })),
  );
  on("socketsJoin", (op) => operator(probe, socket, op).socketsJoin(op.rooms));
  on("socketsLeave", (op) => operator(probe, socket, op).socketsLeave(op.rooms));
  on("disconnectSockets", (op) => operator(probe, socket, op).disconnectSockets(op.close));
}

function operator(probe, socket, { from = "socket", to = [], in: within = [], except = [], ...flags }) {
  // Of a socket, `to` leaves it out.
  let operator = from === "ns" ? probe.to(to) : socket.broadcast.to(to);
  operator = operator.in(within).except(except);
  if (flags.volatile) operator = operator.volatile;
  return flags.local ? operator.local : operator;
}
