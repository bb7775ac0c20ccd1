/** Connection state recovery with the official client: a client that is cut off and returns. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, rawWebSocket } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { until } from "./support/wait.mjs";

const RECONNECT = { reconnection: true, reconnectionDelay: 300, reconnectionDelayMax: 300, randomizationFactor: 0 };

/** The client's transport breaks; resolves when it is connected again. */
async function cutOff(client, how) {
  const { socket } = client;
  const again = new Promise((resolve) => socket.once("connect", resolve));
  const gone = new Promise((resolve) => socket.once("disconnect", resolve));
  how(socket.io.engine);
  await gone;
  return { again };
}

const engineCloses = (engine) => engine.close();
const connectionBreaks = (engine) => engine.transport.ws.terminate();

const MODES = [
  { transports: ["websocket"], how: engineCloses },
  { transports: ["websocket"], how: connectionBreaks },
  { transports: ["polling"], how: engineCloses },
  { transports: ["polling", "websocket"], how: connectionBreaks },
];

describe("a client that returns in time", () => {
  for (const { transports, how } of MODES) {
    test(`gets its id, rooms, data and what it missed: ${transports.join(", then ")}, ${how.name}`, async (t) => {
      const host = await startHost(t, { flags: ["--recovery", "1m"] });
      const witness = await connect(t, host);
      const client = await connect(t, host, "/probe", { transports, ...RECONNECT });
      if (transports.length > 1) await until(() => client.socket.io.engine.transport.name === "websocket", "upgraded");
      const { id } = client;
      await client.ask("join", ["den"]);
      await client.ask("set", "name", "Ada");
      const say = (event, args, rooms = ["den"]) => witness.ask("op", { from: "ns", to: rooms, event, args });
      await say("seen", 0);
      await client.next("seen");

      const { again } = await cutOff(client, how);
      await witness.next("left");
      await say("text", "missed");
      await say("other", "for others", ["elsewhere"]);
      await say("own", "missed", [id]);
      await again;

      assert.equal(client.socket.recovered, true);
      assert.equal(client.id, id);
      for (let i = 0; i < 2; i++) assert.equal((await client.next("hello"))[0], id, "`$connect` ran again");
      const info = await client.ask("info");
      assert.deepEqual(
        { recovered: info.recovered, rooms: info.rooms.sort(), name: info.data.name },
        { recovered: true, rooms: [id, "den"].sort(), name: "Ada" },
      );
      // `$disconnect` told its own client, then everybody: a client that returns learns of its own going, as from the
      // reference server. (`ghost` has no arguments but the offset.)
      const seen = client.events.map(([event, args]) => [event, { left: args.id, ghost: "own" }[event] ?? args]);
      const others = seen.filter(([event]) => event !== "hello");
      assert.deepEqual(others, [["seen", 0], ["ghost", "own"], ["left", id], ["text", "missed"], ["own", "missed"]]);
      await say("after", "received");
      assert.equal((await client.next("after"))[0], "received");
    });
  }
});

describe("a client that cannot be given back all", () => {
  const cases = {
    "without --recovery": { flags: [] },
    "after too long": { flags: ["--recovery", "100ms"] },
    "that missed more packets than are kept": { flags: ["--recovery", "1m", "--recovery-packets", "1"] },
    "that missed more bytes than are kept": { flags: ["--recovery", "1m", "--recovery-bytes", "1kB"] },
  };
  for (const [name, { flags }] of Object.entries(cases)) {
    test(`starts anew: ${name}`, async (t) => {
      const host = await startHost(t, { flags });
      const witness = await connect(t, host);
      const client = await connect(t, host, "/probe", RECONNECT);
      const { id } = client;
      const { again } = await cutOff(client, connectionBreaks);
      await witness.next("left");
      for (let i = 0; i < 3; i++) await witness.ask("op", { from: "ns", event: "news", args: "x".repeat(500) });
      await again;
      assert.ok(!client.socket.recovered);
      assert.notEqual(client.id, id);
      assert.equal((await client.ask("info")).recovered, false);
      assert.deepEqual(client.all("news"), []);
    });
  }

  test("starts anew where it was disconnected on purpose", async (t) => {
    const host = await startHost(t, { flags: ["--recovery", "1m"] });
    const client = await connect(t, host, "/probe", RECONNECT);
    const { id } = client;
    client.emit("quit", false);
    assert.equal(await client.disconnected(), "io server disconnect");
    client.socket.connect();
    await until(() => client.socket.connected, "connected again");
    assert.equal(client.socket.recovered, false);
    assert.notEqual(client.id, id);
  });
});

test("a private id is good once, and nobody else's", async (t) => {
  const host = await startHost(t, { flags: ["--recovery", "1m"] });
  const open = async (auth) => {
    const raw = await rawWebSocket(t, host);
    await raw.expect("0{");
    raw.send(`40/probe,${JSON.stringify(auth)}`);
    return { raw, ...JSON.parse((await raw.skipTo("40/probe,")).slice("40/probe,".length)) };
  };
  const witness = await connect(t, host);
  const first = await open({});
  first.raw.socket.terminate();
  await witness.next("left");
  const second = await open({ pid: first.pid });
  assert.deepEqual([second.sid, second.pid], [first.sid, first.pid]);
  const thief = await open({ pid: first.pid });
  assert.notEqual(thief.sid, first.sid);
  assert.notEqual(thief.pid, first.pid);
});
