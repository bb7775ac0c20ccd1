/** Clients: the official one, and raw ones for what it would never send. */

import assert from "node:assert/strict";

import { io } from "socket.io-client";
import WebSocket from "ws";

import { Queue, within } from "./wait.mjs";

/**
 * Opens an official client and waits until it is connected. It goes with the test. Options are those of `io`; `on` is a
 * connected client whose session is to be shared.
 */
export async function connect(t, host, namespace = "/probe", options = {}) {
  const client = open(t, host, namespace, options);
  await client.connected();
  return client;
}

/** Opens an official client that need not succeed. */
export function open(t, host, namespace = "/probe", { on, ...options } = {}) {
  const { auth } = options;
  const socket = on
    ? on.socket.io.socket(namespace, { auth })
    : io((host.next?.() ?? host).url + namespace, { transports: ["websocket"], forceNew: true, reconnection: false, ...options });
  const client = new Client(socket);
  t.after(() => socket.disconnect());
  return client;
}

class Client {
  /** All events so far, `[name, ...arguments]`. */
  events = [];
  #queues = new Map();

  constructor(socket) {
    this.socket = socket;
    socket.onAny((event, ...args) => {
      this.events.push([event, ...args]);
      this.#queue(event).push(args);
    });
    this.#connected = new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
    this.#connected.catch(() => {});
    this.#disconnected = new Promise((resolve) => socket.once("disconnect", resolve));
    if (socket.disconnected && !socket.active) socket.connect();
  }

  #connected;
  #disconnected;

  get id() {
    return this.socket.id;
  }

  connected() {
    return within(this.#connected, "the client connects");
  }

  /** The error of a connection that is refused. */
  async refused() {
    try {
      await this.connected();
    } catch (error) {
      return error;
    }
    return assert.fail("the connection was accepted");
  }

  /** The reason, in the client's words. */
  disconnected() {
    return within(this.#disconnected, "the client is disconnected");
  }

  emit(...args) {
    this.socket.emit(...args);
  }

  /** Emits and waits for the acknowledgement. */
  ask(...args) {
    return within(this.socket.emitWithAck(...args), `an answer to ${args[0]}`);
  }

  /** All arguments of the acknowledgement, which `ask` reduces to the first. */
  askArgs(event, ...args) {
    const answer = new Promise((resolve) => this.socket.emit(event, ...args, (...answers) => resolve(answers)));
    return within(answer, `an answer to ${event}`);
  }

  /** The arguments of the next event of this name that was not asked for before. */
  next(event) {
    return this.#queue(event).next(`the event ${event}`);
  }

  /** Arguments of all events of this name so far. */
  all(event) {
    return this.events.filter(([name]) => name === event).map(([, ...args]) => args);
  }

  #queue(event) {
    if (!this.#queues.has(event)) this.#queues.set(event, new Queue());
    return this.#queues.get(event);
  }
}

/** A WebSocket whose Engine.IO packets the test writes itself. */
export async function rawWebSocket(t, host, { query = "EIO=4&transport=websocket", ...options } = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${host.port}/socket.io/?${query}`, options);
  const raw = new RawWebSocket(socket);
  t.after(() => socket.terminate());
  await within(raw.opened, "the WebSocket opens");
  return raw;
}

class RawWebSocket {
  #frames = new Queue();

  constructor(socket) {
    this.socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    this.#closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.on("message", (data, binary) => this.#frames.push(binary ? data : data.toString()));
  }

  #closed;

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  next() {
    return this.#frames.next("a frame");
  }

  /** The next frame, which must begin so. */
  async expect(beginning) {
    const frame = await this.next();
    assert.ok(String(frame).startsWith(beginning), `${beginning}… expected, ${frame} received`);
    return frame;
  }

  /** Frames up to one that begins so, which is returned. */
  async skipTo(beginning) {
    for (;;) {
      const frame = await this.next();
      if (String(frame).startsWith(beginning)) return frame;
    }
  }

  /** Opens the session and joins a namespace; returns the socket's id. */
  async join(namespace = "/probe", auth) {
    await this.expect("0{");
    this.send(`40${namespace},${auth ? JSON.stringify(auth) : ""}`);
    const packet = await this.expect(`40${namespace},`);
    return JSON.parse(packet.slice(packet.indexOf("{"))).sid;
  }

  /** The close code. */
  closed() {
    return within(this.#closed, "the WebSocket closes");
  }
}

/** A long-polling session whose requests the test makes itself. */
export class RawPolling {
  constructor(host) {
    this.url = `${host.url}/socket.io/?EIO=4&transport=polling`;
  }

  async open() {
    const [packet] = await this.get();
    assert.ok(packet.startsWith("0{"), packet);
    this.handshake = JSON.parse(packet.slice(1));
    this.url += `&sid=${this.handshake.sid}`;
  }

  /** Opens the session and joins a namespace. */
  async join(namespace = "/probe") {
    await this.open();
    await this.post(`40${namespace},`);
    await this.skipTo(`40${namespace},`);
  }

  /** The packets of one answer. */
  async get() {
    const response = await within(fetch(this.url), "the answer to a GET");
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.text()).split("\x1e");
  }

  /** Polls up to a packet that begins so; returns all packets. */
  async skipTo(beginning) {
    const packets = [];
    while (!packets.some((packet) => packet.startsWith(beginning))) packets.push(...(await this.get()));
    return packets;
  }

  /** Posts packets; returns the status. */
  async post(...packets) {
    const response = await within(fetch(this.url, { method: "POST", body: packets.join("\x1e") }), "a POST's answer");
    await response.text();
    return response.status;
  }
}
