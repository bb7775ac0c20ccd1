interface ClientEvents {
  add(a: number, b: number, ack: (sum: number) => void): void;
  shout(text: string): void;
}

interface ServerEvents {
  shouted(message: { by: string; text: string }): void;
}

interface SocketData {
  name: string;
}

const ns = new RealtimeNamespace<ClientEvents, ServerEvents, SocketData>("/hello");

ns.socket.on("$connect", () => {
  const { name } = ns.socket.handshake.auth;
  if (!name) throw new ConnectError("who are you?", { missing: "auth.name" });
  ns.socket.data.name = name;
});

// What a handler returns acknowledges the event.
ns.socket.on("add", (a, b) => a + b);

ns.socket.on("shout", (text) => ns.emit("shouted", { by: ns.socket.data.name, text: text.toUpperCase() }));

export default ns;
