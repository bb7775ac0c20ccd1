/**
 * Chat rooms: a user is in one room at a time, and everybody in a room is told who comes and goes.
 *
 * Written after the chat example of the API's origin, which keeps what it knows of a user in `kv`: the name and the current
 * room, under keys that begin with the socket's id. They are deleted when the socket leaves.
 */

const ns = new RealtimeNamespace("/chat");

const nameOf = (id) => `${id}:username`;
const roomOf = (id) => `${id}:currentRoom`;

ns.socket.on("$connect", async function () {
  const { id, handshake } = ns.socket;
  await kv.set(nameOf(id), handshake.auth.username || "Anonymous");
  await kv.set(roomOf(id), null);
  ns.socket.emit("welcome", { message: "Welcome to the chat!", socketId: id });
});

ns.socket.on("joinRoom", async function ({ room }) {
  const { id } = ns.socket;
  const username = await kv.get(nameOf(id));
  const current = await kv.get(roomOf(id));
  if (current !== null) {
    ns.socket.to(current).emit("userLeft", { username });
    ns.socket.leave(current);
  }
  ns.socket.join(room);
  await kv.set(roomOf(id), room);
  ns.socket.to(room).emit("userJoined", { username });
  ns.socket.emit("joinedRoom", { room });
});

ns.socket.on("message", async function ({ text }) {
  const { id } = ns.socket;
  const room = await kv.get(roomOf(id));
  // Who is in no room is heard by nobody.
  if (room === null) return;
  const username = await kv.get(nameOf(id));
  // The namespace's `to` includes the sender.
  ns.to(room).emit("message", { username, text, timestamp: Date.now(), id });
});

ns.socket.on("$disconnect", async function () {
  const { id } = ns.socket;
  const [username, room] = await kv.getMany([nameOf(id), roomOf(id)]);
  if (room !== null) ns.to(room).emit("userLeft", { username });
  await kv.delete(nameOf(id));
  await kv.delete(roomOf(id));
});

module.exports = ns;
