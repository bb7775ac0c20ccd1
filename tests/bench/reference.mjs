/** What the load uses, on the reference server, with native handlers. Listens on a free port, which it prints as the host does. */

import { createServer } from "node:http";

import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { serveClient: false });
const ns = io.of("/bench");
ns.on("connection", (socket) => {
  socket.on("echo", (...args) => args.pop()(...args));
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack();
  });
  socket.on("say", (room, text) => ns.to(room).emit("said", text));
});
io.of("/probe").on("connection", (socket) => socket.on("sleep", (ms, ack) => setTimeout(() => ack?.(ms), ms)));
http.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
