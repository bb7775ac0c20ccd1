/** Broadcasts: selecting sockets, and acting on all of them. Operators are immutable values. */

import * as host from "realtime:gateway/broadcast-operator@0.1.1";
import * as search from "realtime:gateway/search@0.1.1";

import * as check from "./check.js";
import { command, request } from "./commands.js";
import { keepData } from "./data.js";
import { handshakeOf } from "./handshake.js";
import { decode, encode } from "./payload.js";

/** How many milliseconds a call waits for answers by default: half of a handler's default time limit. */
export const ACK_TIMEOUT = 5000;

const EVERYBODY = {
  rooms: undefined,
  except: undefined,
  options: { excludeSender: false, volatile: false, local: false },
  timeout: undefined,
};

export class BroadcastOperator {
  #chosen;

  constructor(chosen) {
    this.#chosen = chosen;
  }

  to(room) {
    return this.#with({ rooms: { added: check.rooms("to", room), before: this.#chosen.rooms } });
  }

  in(room) {
    return this.to(room);
  }

  except(room) {
    return this.#with({ except: { added: check.rooms("except", room), before: this.#chosen.except } });
  }

  get volatile() {
    return this.#option("volatile");
  }

  get local() {
    return this.#option("local");
  }

  timeout(ms) {
    return this.#with({ timeout: check.milliseconds("timeout", ms) });
  }

  emit(event, ...args) {
    const call = `emit \`${String(event)}\``;
    return command(call, () => host.emit(this.#target, check.eventName(call, event), sent(call, args)));
  }

  async emitWithAck(event, ...args) {
    const call = `emitWithAck \`${String(event)}\``;
    keepData();
    const { timeout = ACK_TIMEOUT } = this.#chosen;
    const { received, missing } = await request(call, () =>
      host.emitWithAck(this.#target, check.eventName(call, event), sent(call, args), timeout),
    );
    const responses = received.map((payload) => decode(payload)[0]);
    if (missing === 0) return responses;
    throw Object.assign(new Error("operation has timed out"), { responses });
  }

  async fetchSockets() {
    keepData();
    const sockets = await request("fetchSockets", () => host.fetchSockets(this.#target));
    return sockets.map((socket) => new RemoteSocket(socket, this.#chosen.options.local));
  }

  /** How many sockets there are, of which nothing is copied. */
  async countSockets() {
    return Number(await request("countSockets", () => search.countSockets(this.#target)));
  }

  /** Ids and rooms only. */
  async listSockets() {
    const sockets = await request("listSockets", () => search.listSockets(this.#target));
    return sockets.map(({ id, rooms }) => ({ id, rooms: new Set(rooms) }));
  }

  socketsJoin(room) {
    return command("socketsJoin", () => host.socketsJoin(this.#target, check.rooms("socketsJoin", room)));
  }

  socketsLeave(room) {
    return command("socketsLeave", () => host.socketsLeave(this.#target, check.rooms("socketsLeave", room)));
  }

  disconnectSockets(close = false) {
    return command("disconnectSockets", () => host.disconnectSockets(this.#target, Boolean(close)));
  }

  /** What the contract calls the operator. */
  get #target() {
    const { rooms, except, ...rest } = this.#chosen;
    return { ...rest, rooms: all(rooms), except: all(except) };
  }

  #option(name) {
    return this.#with({ options: { ...this.#chosen.options, [name]: true } });
  }

  #with(changes) {
    return new BroadcastOperator({ ...this.#chosen, ...changes });
  }
}

/** Every socket of the namespace. */
export const everybody = new BroadcastOperator(EVERYBODY);

/** Every socket except that of the current event. */
export const others = new BroadcastOperator({ ...EVERYBODY, options: { ...EVERYBODY.options, excludeSender: true } });

/** Another socket, as it was when it was fetched. */
class RemoteSocket {
  #operator;

  constructor({ id, rooms, handshake, data }, local) {
    this.#operator = local ? everybody.to(id).local : everybody.to(id);
    this.id = id;
    this.rooms = new Set(rooms);
    this.handshake = handshakeOf(handshake);
    this.data = JSON.parse(data);
  }

  emit(event, ...args) {
    return this.#operator.emit(event, ...args);
  }

  /** As in Socket.IO. `emitWithAck` of the result resolves to the answer of this one socket. */
  timeout(ms) {
    const operator = this.#operator.timeout(ms);
    return { emitWithAck: (event, ...args) => onlyAnswer(operator, event, args) };
  }

  emitWithAck(event, ...args) {
    return onlyAnswer(this.#operator, event, args);
  }

  join(room) {
    return this.#operator.socketsJoin(room);
  }

  leave(room) {
    return this.#operator.socketsLeave(room);
  }

  disconnect(close = false) {
    this.#operator.disconnectSockets(close);
    return this;
  }
}

async function onlyAnswer(operator, event, args) {
  const answers = await operator.emitWithAck(event, ...args);
  if (answers.length === 0) throw new Error(`emitWithAck \`${event}\`: the socket is not connected`);
  return answers[0];
}

/** The payload of an event that is sent. */
export function sent(call, args) {
  if (typeof args.at(-1) === "function") {
    throw new TypeError(`${call}: a callback cannot wait for the answer; use \`await …emitWithAck(event, …)\``);
  }
  return encode(args);
}

/**
 * All names of a list, each once, in the order in which they were added. Each link has the names that one call added, so
 * that a long chain of calls does not copy the names again and again.
 */
function all(last) {
  if (last === undefined) return [];
  if (last.before === undefined && last.added.length < 2) return last.added;
  const links = [];
  for (let link = last; link !== undefined; link = link.before) links.push(link.added);
  return [...new Set(links.reverse().flat())];
}
