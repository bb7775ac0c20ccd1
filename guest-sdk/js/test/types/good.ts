/** What must be accepted. */

import type { KvError } from "../../index.js";

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

interface Player {
  name: string;
  score: number;
}

async function keeps() {
  const player: Player | null = await kv.get<Player>("player:ada");
  await kv.set("player:ada", { name: "Ada", score: 1 } satisfies Player, 60_000);
  await kv.set<Player>("player:bob", player ?? { name: "Bob", score: 0 });
  const [ada, bob] = await kv.getMany<Player>(["player:ada", "player:bob"]);
  await kv.setMany({ a: 1, b: null, c: new Uint8Array(1) });
  await kv.setMany(new Map([["a", 1]]), 1000);
  await kv.setMany([["a", [1]] as const]);
  const sums: number[] = [await kv.increment("n"), await kv.increment("n", -1, 1000), await kv.clear("x"), await kv.deleteMany(["n"])];
  const swapped: boolean = await kv.compareAndSet("owner", null, ns.socket.id);
  const score: Player = await kv.update<Player>("player:ada", (old) => ({ name: "Ada", score: (old?.score ?? 0) + 1 }), { attempts: 3 });
  const visits: number = await kv.update("visits", async (old: number | null) => (old ?? 0) + 1);
  for await (const [key, { name }] of kv.list<Player>("player:", { after: "player:a", limit: 10 })) console.log(key, name);
  for await (const key of kv.keys()) console.log(key.length);
  try {
    await kv.delete("x");
  } catch (error) {
    if ((error as KvError).code === "unavailable") throw new ConnectError("later");
  }
  console.log(ada?.name, bob?.score, sums, swapped, score.score, visits, (await kv.get("any")).thing);
}

ns.schedule("every 10s", () => ns.emit("message", { from: "clock", text: "tick", timestamp: Date.now() })).schedule(
  "0 9 * * mon",
  "Europe/Berlin",
  async function (due) {
    await this.to("staff").emit("message", { from: "clock", text: due.toISOString(), timestamp: due.getTime() });
  },
);

export { asks, keeps };
export default ns;
