/** `RealtimeNamespace`: the global class. A handler's file exports one instance of it. */

import * as host from "realtime:gateway/namespace@0.1.1";

import * as check from "./check.js";
import { command } from "./commands.js";
import { cached } from "./event.js";
import { Handlers } from "./handlers.js";
import { refuseMethods } from "./misuse.js";
import { everybody, sent } from "./operator.js";
import { Schedules } from "./schedules.js";
import { Socket } from "./socket.js";
import { refuseUnkept } from "./unkept.js";

/** Path, handlers and schedules of each namespace. Only the SDK can read them. */
const parts = new WeakMap();

/** The path, handlers and schedules of a namespace; undefined for other values. */
export function partsOf(value) {
  return parts.get(value);
}

/** An instance is a function with the methods of the class, as the documentation says. */
export class RealtimeNamespace {
  constructor(path) {
    if (path !== undefined && typeof path !== "string") {
      throw new TypeError(`RealtimeNamespace: the path is a string such as '/chat', not ${check.kind(path)}`);
    }
    const ns = Object.setPrototypeOf((...call) => answerRequest(...call), new.target.prototype);
    const handlers = new Handlers();
    Object.defineProperties(ns, {
      name: { get: () => path ?? cached("ns.name", () => host.name()), configurable: true },
      socket: { value: new Socket(handlers), enumerable: true },
    });
    parts.set(ns, { path, handlers, schedules: new Schedules() });
    return ns;
  }

  /** Registers a handler that the host runs at certain times: `schedule(times, handler)`, `schedule(times, timeZone, handler)`. */
  schedule(times, ...rest) {
    parts.get(this).schedules.add(times, rest);
    return this;
  }

  to(room) {
    return everybody.to(room);
  }

  in(room) {
    return everybody.to(room);
  }

  except(room) {
    return everybody.except(room);
  }

  get volatile() {
    return everybody.volatile;
  }

  get local() {
    return everybody.local;
  }

  timeout(ms) {
    return everybody.timeout(ms);
  }

  emit(event, ...args) {
    const call = `emit \`${String(event)}\``;
    return command(call, () => host.emit(check.eventName(call, event), sent(call, args)));
  }

  emitWithAck(event, ...args) {
    return everybody.emitWithAck(event, ...args);
  }

  fetchSockets() {
    return everybody.fetchSockets();
  }

  countSockets() {
    return everybody.countSockets();
  }

  listSockets() {
    return everybody.listSockets();
  }

  socketsJoin(room) {
    return everybody.socketsJoin(room);
  }

  socketsLeave(room) {
    return everybody.socketsLeave(room);
  }

  disconnectSockets(close) {
    return everybody.disconnectSockets(close);
  }

  join() {
    throw new Error("ns.join() is not available: use ns.socket.join(room) inside an event handler");
  }

  leave() {
    throw new Error("ns.leave() is not available: use ns.socket.leave(room) inside an event handler");
  }

  get broadcast() {
    throw new Error("ns.broadcast is not available: use ns.socket.broadcast inside an event handler");
  }
}
Object.setPrototypeOf(RealtimeNamespace.prototype, Function.prototype);
refuseMethods(RealtimeNamespace.prototype);
refuseUnkept(RealtimeNamespace, "ns");

/** Called when a namespace is used as a handler of HTTP requests: passes the request on, or answers with status 404. */
function answerRequest(request, response, next) {
  if (typeof next === "function") return next();
  if (typeof response?.end === "function") {
    response.statusCode = 404;
    response.end();
    return undefined;
  }
  return { status: 404 };
}
