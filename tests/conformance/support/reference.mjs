/**
 * The reference server (npm `socket.io`) with native twins of the guests `probe`, `nameless` and `wildcard`. A program of its own:
 * its argument are the options of `socket.io`, in JSON; it prints its port.
 */

import { createServer } from "node:http";

import { Server } from "socket.io";

const http = createServer();
const server = new Server(http, JSON.parse(process.argv[2]));
probe(server.of("/probe"));
for (const path of ["/", "/other"]) nameless(server.of(path));
wildcard(server.of("/wildcard"));
http.listen(0, "127.0.0.1", () => console.log(http.address().port));

/** What `tests/components/probe` does, as far as cases ask for it. */
function probe(namespace) {
  namespace.use(async (socket, next) => {
    const { mode, ms } = socket.handshake.auth;
    if (mode === "slow") await new Promise((done) => setTimeout(done, ms));
    if (mode === "reject") return next(Object.assign(new Error("no"), { data: { code: 7 } }));
    if (mode === "rejectPlain") return next(new Error("no"));
    next();
  });
  namespace.on("connection", (socket) => {
    const { mode } = socket.handshake.auth;
    if (mode === "slow") socket.emit("ready");
    else socket.emit("hello", socket.id, [...socket.rooms]);
    // A listener for this name keeps the process alive where a client sends something malformed.
    socket.on("error", () => {});
    socket.on("disconnecting", (reason) => namespace.emit("left", { id: socket.id, reason }));
    // The guest does so always; without recovery the reference server sends it to a client that has only left the namespace.
    if (namespace.server.opts.connectionStateRecovery) socket.on("disconnect", () => socket.emit("ghost"));
    if (mode === "bye") return socket.disconnect();
    for (const [event, handler] of Object.entries(EVENTS)) {
      socket.on(event, (...args) => {
        const ack = typeof args.at(-1) === "function" ? args.pop() : () => {};
        handler(socket, ack, ...args);
      });
    }
  });
}

// A function: the server is started above.
const EVENTS = {
  echo: (socket, ack, ...args) => ack(...args),
  nested(socket, ack, { blob }) {
    socket.emit("blob", { deep: [blob] });
    ack({ size: blob.length, copy: blob });
  },
  nothing: (socket, ack) => ack(),
  pair: (socket, ack) => ack(1, 2),
  array: (socket, ack) => ack([1, 2]),
  info: (socket, ack) => ack({ auth: socket.handshake.auth }),
  join(socket, ack, rooms) {
    ack([...socket.rooms]);
    socket.join(rooms);
  },
  emit: (socket, ack, event, arg) => (socket.emit(event, arg), ack()),
  emitVolatile: (socket, ack, event, arg) => (socket.volatile.emit(event, arg), ack()),
  op: (socket, ack, { to, event, args }) => (socket.to(to).emit(event, args), ack()),
  ask(socket, ack, ms) {
    socket.timeout(ms).emit("question", 42, (error, ...answer) => {
      ack(error ? { error: "timed out" } : { answer });
    });
  },
  relay: (socket, ack, ms) => socket.timeout(ms).emit("question", 42, (_, ...answer) => ack(...answer)),
  pass: (socket, ack, ...args) => (socket.broadcast.emit("passed", ...args), ack()),
  quit: (socket, ack, close) => socket.disconnect(close),
  order: (socket, ack, number) => (socket.emit("order", number), ack()),
};

/** What `tests/components/nameless` does. */
function nameless(namespace) {
  namespace.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("name", (...args) => typeof args.at(-1) === "function" && args.at(-1)(namespace.name));
  });
}

/** What `tests/components/wildcard` does. */
function wildcard(namespace) {
  const data = (arg) => typeof arg !== "function";
  namespace.on("connection", (socket) => {
    socket.onAny((event, ...args) => socket.emit(event, ...args.filter(data)));
    socket.on("size", (...args) => args.find((arg) => !data(arg))?.(args.filter(data).length));
  });
}
