/**
 * Group chat: rooms, who is typing, and private messages. The same events as `examples/chat`, which is in Rust.
 *
 * Everybody starts in the room `lobby`. A user's name is what the client sent as `auth.username`; the host keeps it in
 * `socket.data`, for each event runs in a new instance of this file.
 */

const ns = new RealtimeNamespace("/chat");

ns.socket.on("$connect", () => {
  const username = ns.socket.handshake.auth.username || "Anonymous";
  ns.socket.data.username = username;
  ns.socket.join("lobby");
  ns.socket.emit("welcome", { message: `Hello, ${username}!` });
  ns.socket.to("lobby").emit("userJoined", { username });
});

ns.socket.on("joinRoom", ({ room }) => {
  ns.socket.leave("lobby");
  ns.socket.join(room);
  ns.socket.to(room).emit("userJoined", { username: ns.socket.data.username });
});

ns.socket.on("message", ({ room, text }) => {
  const from = ns.socket.data.username;
  ns.socket.to(room || "lobby").emit("message", { from, text, timestamp: Date.now() });
});

ns.socket.on("typing", ({ room }) => {
  ns.socket.to(room || "lobby").emit("typing", { username: ns.socket.data.username });
});

ns.socket.on("privateMessage", ({ targetSocketId, text }) => {
  const message = { from: ns.socket.data.username, text };
  ns.socket.emit("privateMessage", message);
  // A socket's id is a room that only this socket is in.
  ns.to(targetSocketId).emit("privateMessage", message);
});

ns.socket.on("$disconnect", (reason) => {
  ns.emit("userLeft", { username: ns.socket.data.username, reason });
});

module.exports = ns;
