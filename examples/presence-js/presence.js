/** Presence: who is online. A user may have several sockets, and is online as long as one of them is connected. */

const ns = new RealtimeNamespace("/presence");

const roomOf = (userId) => `user:${userId}`;

ns.socket.on("$connect", async () => {
  const { userId } = ns.socket.handshake.auth;
  if (!userId) throw new ConnectError("who are you?", { missing: "auth.userId" });
  ns.socket.data.userId = userId;
  ns.socket.join(roomOf(userId));
  // The rooms are as they were before: this socket is not among them yet.
  const others = await ns.in(roomOf(userId)).countSockets();
  if (others === 0) ns.socket.broadcast.emit("online", userId);
});

/** The ack: the ids of all users that are online. */
ns.socket.on("who", async () => {
  const sockets = await ns.fetchSockets();
  return [...new Set(sockets.map(({ data }) => data.userId))].sort();
});

ns.socket.on("$disconnect", async () => {
  const { userId } = ns.socket.data;
  const left = await ns.in(roomOf(userId)).countSockets();
  if (left === 0) ns.emit("offline", userId);
});

module.exports = ns;
