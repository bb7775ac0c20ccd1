/** Notifications: every device of a user gets them, wherever the user is connected, and hears which were read. */

interface Notification {
  id: string;
  from: string;
  title: string;
  sentAt: number;
}

interface ClientEvents {
  /** Answers with the number of devices that it was sent to. */
  notify: (data: { to: string; title: string }, answer: (devices: number) => void) => void;
  read: (id: string) => void;
}

interface ServerEvents {
  notification: (notification: Notification) => void;
  read: (id: string) => void;
}

const ns = new RealtimeNamespace<ClientEvents, ServerEvents, { userId: string }>("/notifications");

/** The room of all devices of a user. */
const devicesOf = (userId: string) => `user:${userId}`;

ns.socket.on("$connect", () => {
  const { userId } = ns.socket.handshake.auth;
  // A real application checks a token here.
  if (typeof userId !== "string" || userId === "") throw new ConnectError("who are you?", { missing: "auth.userId" });
  ns.socket.data.userId = userId;
  ns.socket.join(devicesOf(userId));
});

ns.socket.on("notify", async ({ to, title }, answer) => {
  const { userId: from } = ns.socket.data;
  ns.to(devicesOf(to)).emit("notification", { id: crypto.randomUUID(), from, title, sentAt: Date.now() });
  const devices = await ns.in(devicesOf(to)).countSockets();
  // The callback is there only if the client waits for an answer.
  answer?.(devices);
});

ns.socket.on("read", (id) => {
  ns.socket.to(devicesOf(ns.socket.data.userId)).emit("read", id);
});

export default ns;
