/** What must be accepted. */

import type {} from "../../index.js";

interface ClientEvents {
  message: (data: { room?: string; text: string }) => void;
  add: (a: number, b: number, answer: (sum: number) => void) => void;
}

interface ServerEvents {
  message: (message: { from: string; text: string; timestamp: number }) => void;
  confirm: (question: string, answer: (yes: boolean) => void) => void;
}

const ns = new RealtimeNamespace<ClientEvents, ServerEvents, { username: string }>("/chat");

ns.socket
  .on("$connect", function () {
    if (!ns.socket.handshake.auth.username) throw new ConnectError("who are you?", { code: 401 });
    this.socket.data.username = String(ns.socket.handshake.auth.username);
    const agent: string | undefined = ns.socket.handshake.headers["user-agent"];
    console.log(agent, [...ns.socket.rooms].join());
  })
  .on("message", async function ({ room, text }) {
    await this.socket
      .to(room ?? "lobby")
      .except(["muted", "banned"])
      .emit("message", { from: this.socket.data.username, text, timestamp: Date.now() });
  })
  .once("add", (a, b, answer) => answer(a + b))
  .onAny((event, ...args) => console.log(event, args))
  .on("$disconnect", (reason) => console.log(reason.toUpperCase()));

async function asks() {
  const yes: boolean = await ns.socket.timeout(1000).emitWithAck("confirm", "sure?");
  const all: boolean[] = await ns.to("vip").volatile.local.emitWithAck("confirm", "all of you?");
  for (const socket of await ns.fetchSockets()) {
    await socket.join("seen");
    console.log(socket.data.username, yes, all);
  }
}

const untyped = new RealtimeNamespace();
untyped.socket.on("anything", (data, callback) => callback(data.x));
untyped.to("room").emit("whatever", 1, "two", { three: new Uint8Array(3) });
const again: RealtimeNamespace<ClientEvents, ServerEvents, { username: string }> = ns;
again.name.length;

export { asks };
export default ns;
