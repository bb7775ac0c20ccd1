/** `ns.socket`: the socket of the current event. Handlers are registered on it. */

import * as host from "realtime:gateway/socket@0.1.1";

import * as check from "./check.js";
import { command, request } from "./commands.js";
import { getData, keepData, setData } from "./data.js";
import { cached, currentEvent, handling } from "./event.js";
import { handshakeOf } from "./handshake.js";
import { refuseEvent } from "./misuse.js";
import { ACK_TIMEOUT, others, sent } from "./operator.js";
import { decode } from "./payload.js";
import { refuseUnkept } from "./unkept.js";

export class Socket {
  #handlers;
  #volatile = false;
  #timeout = ACK_TIMEOUT;

  constructor(handlers) {
    this.#handlers = handlers;
  }

  on(event, handler) {
    const name = check.eventName("on", event);
    refuseEvent("ns.socket.on", name);
    this.#handlers.add(name, registered("on", handler));
    return this;
  }

  /** Alias of `on`: each event runs in a fresh instance, which cannot know that the handler ran before. */
  once(event, handler) {
    return this.on(event, handler);
  }

  onAny(handler) {
    this.#handlers.addAny(registered("onAny", handler));
    return this;
  }

  get id() {
    return cached("socket.id", () => host.id());
  }

  get rooms() {
    return cached("socket.rooms", () => new Set(host.rooms()));
  }

  get handshake() {
    return cached("socket.handshake", () => handshakeOf(host.handshake()));
  }

  get data() {
    return getData();
  }

  set data(value) {
    setData(value);
  }

  get connected() {
    currentEvent("socket.connected");
    return host.connected();
  }

  get recovered() {
    return cached("socket.recovered", () => host.recovered());
  }

  emit(event, ...args) {
    const call = `emit \`${String(event)}\``;
    return command(call, () => host.emit(check.eventName(call, event), sent(call, args), this.#volatile));
  }

  async emitWithAck(event, ...args) {
    const call = `emitWithAck \`${String(event)}\``;
    keepData();
    const answer = await request(call, () =>
      host.emitWithAck(check.eventName(call, event), sent(call, args), this.#timeout),
    );
    return decode(answer)[0];
  }

  join(room) {
    return command("join", () => host.join(check.rooms("join", room)));
  }

  leave(room) {
    return command("leave", () => check.rooms("leave", room).forEach((room) => host.leave(room)));
  }

  disconnect(close = false) {
    return command("disconnect", () => host.disconnect(Boolean(close)));
  }

  to(room) {
    return others.to(room);
  }

  in(room) {
    return others.to(room);
  }

  except(room) {
    return others.except(room);
  }

  get broadcast() {
    return others;
  }

  get local() {
    return others.local;
  }

  /** The same socket, but events may be dropped if its client is slow to receive. */
  get volatile() {
    const socket = this.#copy();
    socket.#volatile = true;
    return socket;
  }

  /** The same socket, but `emitWithAck` waits this many milliseconds for the answer. */
  timeout(ms) {
    const socket = this.#copy();
    socket.#timeout = check.milliseconds("timeout", ms);
    return socket;
  }

  #copy() {
    const socket = new Socket(this.#handlers);
    socket.#volatile = this.#volatile;
    socket.#timeout = this.#timeout;
    return socket;
  }
}
refuseUnkept(Socket, "ns.socket");

function registered(call, handler) {
  if (typeof handler !== "function") throw new TypeError(`${call}: a handler is a function, not ${check.kind(handler)}`);
  if (handling()) {
    throw new Error(`${call} inside a handler has no effect: each event has a new instance; register at the top level`);
  }
  return handler;
}
