/** One client of the soak: how it connects, and what it says while it lives. */

import assert from "node:assert/strict";

import { RawPolling, connect, rawWebSocket } from "../e2e/support/clients.mjs";
import { sleep } from "../e2e/support/wait.mjs";
import { HANDLER_MS } from "./limits.mjs";

const TRANSPORTS = [["websocket"], ["polling"], ["polling", "websocket"]];
const ROOMS = 100;
/** Between two things that a client says. */
const PAUSE_MS = 8_000;

export class Life {
  #cleanups = [];
  #room;

  constructor(host, { random, end, talked }) {
    this.host = host;
    this.random = random;
    this.end = end;
    this.talked = talked;
    this.#room = `room ${this.below(ROOMS)}`;
  }

  /** For the helpers of the end-to-end tests. */
  after(cleanup) {
    this.#cleanups.push(cleanup);
  }

  over() {
    for (const cleanup of this.#cleanups) cleanup();
  }

  below(count) {
    return Math.floor(this.random() * count);
  }

  any(list) {
    return list[this.below(list.length)];
  }

  /** An official client on any of the transports. */
  async official(auth = {}, transports = this.any(TRANSPORTS)) {
    const client = await connect(this, this.host, "/probe", { transports, auth: { quiet: true, ...auth } });
    client.socket.on("question", (_, answer) => answer(client.id));
    return client;
  }

  /** A WebSocket that is in the namespace, and answers pings. */
  async raw(auth = {}) {
    const raw = await this.unjoined();
    raw.send(`40/probe,${JSON.stringify({ quiet: true, ...auth })}`);
    // There may be a ping before.
    await raw.skipTo("40/probe,");
    return raw;
  }

  /** A WebSocket that is in no namespace. */
  async unjoined(options) {
    const raw = await rawWebSocket(this, this.host, options);
    raw.socket.on("message", (data) => {
      if (String(data) === "2" && !raw.silent && raw.socket.readyState === raw.socket.OPEN) raw.send("3");
    });
    return raw;
  }

  /** A long-polling session that is in the namespace. */
  async polling() {
    const polling = new RawPolling(this.host);
    await polling.open();
    assert.equal(await polling.post('40/probe,{"quiet":true}'), 200);
    await polling.skipTo("40/probe,");
    return polling;
  }

  pause(ms = PAUSE_MS * (0.5 + this.random())) {
    return sleep(Math.max(0, Math.min(ms, this.end - Date.now())));
  }

  /** Says a few things, and checks every answer. */
  async talk(client, count = 1 + this.below(4)) {
    for (let said = 0; said < count && Date.now() < this.end; said++) {
      const what = this.any(Object.keys(TALK));
      await TALK[what](client, this);
      this.talked[what] = (this.talked[what] ?? 0) + 1;
      await this.pause();
    }
  }

  room() {
    return this.#room;
  }
}

const TALK = {
  async "emit with ack"(client, life) {
    const args = [life.below(1000), "ü".repeat(life.below(200)), { deep: [null, true] }];
    assert.deepEqual(await client.askArgs("echo", ...args), args);
  },
  async "binary both ways"(client, life) {
    const bytes = Buffer.alloc(1 + life.below(5000), life.below(256));
    assert.deepEqual(await client.ask("nested", { blob: bytes }), { size: bytes.length, copy: bytes });
  },
  async "join a room"(client, life) {
    await client.ask("join", [life.room(), client.id + " alone"]);
  },
  async "leave a room"(client, life) {
    await client.ask("leave", life.room());
  },
  async "broadcast to a room"(client, life) {
    await client.ask("op", { to: [life.room()], event: "news", args: "n".repeat(life.below(500)) });
  },
  async "volatile broadcast"(client, life) {
    // To everybody now and then only: it is thousands of packets.
    const to = life.below(50) === 0 ? [] : [life.room()];
    await client.ask("op", { to, broadcast: true, volatile: true, event: "weather", args: 1 });
  },
  async "answer the handler's question"(client) {
    const { answer, error } = await client.ask("ask", HANDLER_MS / 2);
    // This machine may be too busy to answer in time.
    if (error === undefined) assert.deepEqual(answer, [client.id]);
    else assert.match(error, /time/);
  },
  async "fetch a room's sockets"(client, life) {
    assert.ok(Array.isArray(await client.ask("fetch", { from: "ns", to: [life.room()] })));
  },
  async "set data"(client, life) {
    const value = "d".repeat(life.below(2000));
    assert.equal((await client.ask("set", "value", value)).value, value);
  },
};
