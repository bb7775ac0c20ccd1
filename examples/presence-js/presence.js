/**
 * Presence: who is online. A user may have several sockets, and is online as long as one of them is connected.
 *
 * `kv` has an entry for each user that is online, so that it survives a restart of the host: clients return within moments, and
 * nobody is told that all have gone and come. Who has not returned soon after is offline.
 */

const ns = new RealtimeNamespace("/presence");

const roomOf = (userId) => `user:${userId}`;
const keyOf = (userId) => `online:${userId}`;

ns.socket.on("$connect", async () => {
  const { userId } = ns.socket.handshake.auth;
  if (!userId) throw new ConnectError("who are you?", { missing: "auth.userId" });
  ns.socket.data.userId = userId;
  ns.socket.join(roomOf(userId));
  const entry = { latest: ns.socket.id, missing: false };
  // Of several sockets that come at once, one is the first.
  if (await kv.compareAndSet(keyOf(userId), null, entry)) ns.socket.broadcast.emit("online", userId);
  else await kv.set(keyOf(userId), entry);
});

/** The ack: the ids of all users that are online. */
ns.socket.on("who", async () => {
  const users = [];
  for await (const key of kv.keys(keyOf(""))) users.push(key.slice(keyOf("").length));
  return users;
});

ns.socket.on("$disconnect", async (reason) => {
  const { userId } = ns.socket.data;
  const entry = await kv.get(keyOf(userId));
  // Clients of a host that stops return to the next one.
  if (reason === "server shutting down" || (await ns.in(roomOf(userId)).countSockets()) > 0) return;
  // Not if another socket of the user is just coming.
  if (entry !== null && (await kv.compareAndSet(keyOf(userId), entry, null))) ns.emit("offline", userId);
});

/** Looks for users that have no socket, although nobody has seen the last one leave: the host has stopped, or was killed. */
ns.schedule("every 10s", async () => {
  const rooms = new Set();
  for (const socket of await ns.listSockets()) for (const room of socket.rooms) rooms.add(room);
  for await (const [key, entry] of kv.list(keyOf(""))) {
    const userId = key.slice(keyOf("").length);
    const missing = !rooms.has(roomOf(userId));
    if (missing && entry.missing) {
      if (await kv.compareAndSet(key, entry, null)) ns.emit("offline", userId);
    } else if (missing !== entry.missing) {
      // Who is missing for the first time may be about to return.
      await kv.compareAndSet(key, entry, { ...entry, missing });
    }
  }
});

module.exports = ns;
