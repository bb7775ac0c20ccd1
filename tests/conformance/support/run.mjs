/** One case on one server: its clients, and the transcript of what they see. */

import { createHash } from "node:crypto";

import { sleep } from "../../e2e/support/wait.mjs";
import { Names } from "./normal.mjs";
import { Polling } from "./polling.mjs";
import { Socket } from "./websocket.mjs";

/** What `probe` tells its whole namespace; sockets of other cases may leave late. */
const LEFT = /^42\/probe,\["left",(\{.*\})(?:,"[^"]*")?\]$/;

/** Longer packets stand in transcripts by their hash. */
const LONG = 1000;

/** Runs the steps of a case, and returns what its clients saw, line by line. */
export async function play(steps, { port }) {
  const run = new Run(port);
  try {
    for (const [verb, ...args] of steps) {
      const [name, method] = verb.split(" ");
      await run.client(name)[method](...args);
    }
  } catch (error) {
    run.transcript.push(`error ${error.message}`);
  } finally {
    run.end();
  }
  return run.transcript;
}

class Run {
  transcript = [];
  #names = new Names();
  #clients = new Map();
  #left = [];

  constructor(port) {
    this.port = port;
  }

  /** The client of that name: `poll…` and `http…` make requests, all others are WebSockets. */
  client(name) {
    if (!this.#clients.has(name)) {
      const Client = /^(poll|http)/.test(name) ? Polling : Socket;
      this.#clients.set(name, new Client(this, name));
    }
    return this.#clients.get(name);
  }

  log(name, line) {
    this.transcript.push(this.#names.normal(`${name} ${line}`));
  }

  received(name, packet) {
    const line = typeof packet === "string" ? packet : `binary ${packet.toString("hex")}`;
    this.log(
      name,
      `< ${line.length > LONG ? `${line.slice(0, 80)}… ${createHash("sha1").update(line).digest("hex")}` : line}`,
    );
  }

  /** Whether the case wants to see a packet that arrived. */
  wanted(packet) {
    const [, left] = (typeof packet === "string" && packet.match(LEFT)) || [];
    if (left) this.#left.push(JSON.parse(left));
    return !left;
  }

  /** Waits until a WebSocket that watches was told that this socket left, and logs the reason. */
  async left(name, id) {
    for (let waits = 0; waits < 1000; waits += 1) {
      const found = this.#left.find((left) => left.id === id);
      if (found) return this.log(name, `left: ${found.reason}`);
      await sleep(10);
    }
    this.log(name, "left: not seen");
  }

  end() {
    for (const client of this.#clients.values()) client.end();
  }
}
