/** A client of long-polling that makes each request when it is told to. */

import { sleep } from "../../e2e/support/wait.mjs";
import { ask } from "./http.mjs";

const QUERY = "EIO=4&transport=polling";

export class Polling {
  #query = QUERY;
  #pending = new Map();
  /** Packets that were received and not logged. */
  #packets = [];

  constructor(run, name) {
    this.run = run;
    this.name = name;
  }

  /** Opens the session. */
  async open(query = QUERY, options = {}) {
    const answer = await this.#ask({ query, ...options });
    this.sid = answer.body?.match(/"sid":"([^"]+)"/)?.[1];
    this.as(query);
    this.#log(answer);
  }

  /** Makes requests with the sid of another client's session. */
  adopt(client) {
    this.as(QUERY, this.run.client(client).sid);
  }

  /** Makes requests with another query from now on. */
  as(query, sid = this.sid) {
    this.#query = `${query}&sid=${sid}`;
  }

  /** One request of the session; the whole answer is logged. */
  async request(options) {
    this.#log(await this.#ask({ query: this.#query, ...options }));
  }

  /** Posts packets. */
  async post(...packets) {
    await this.request({ method: "POST", body: packets.join("\x1e") });
  }

  /** Posts bytes, in hexadecimal. */
  async postBytes(hex) {
    await this.request({ method: "POST", body: Buffer.from(hex, "hex") });
  }

  /** Posts a body of unknown length. */
  async chunks(...parts) {
    await this.request({ method: "POST", body: parts.join("\x1e"), headers: { "transfer-encoding": "chunked" } });
  }

  /** Receives so many packets, in however many answers. */
  async receive(count = 1) {
    while (this.#packets.length < count) if (!(await this.#poll())) return;
    for (const packet of this.#packets.splice(0, count)) this.#received(packet);
  }

  /** Receives up to a packet that begins so. */
  async receiveTo(beginning) {
    for (;;) {
      while (this.#packets.length > 0) {
        const packet = this.#packets.shift();
        this.#received(packet);
        if (packet.startsWith(beginning)) return;
      }
      if (!(await this.#poll())) return;
    }
  }

  /** Receives all that comes until the session is gone. */
  receiveAll() {
    return this.receiveTo("\0");
  }

  /** Joins a namespace and receives so many packets. */
  async join(namespace, auth = "", count = namespace === "/probe" ? 2 : 1) {
    await this.post(namespace === "/" ? `40${auth}` : `40${namespace},${auth}`);
    await this.receive(count);
  }

  /** Starts requests that wait, under a label. */
  begin(label, options = {}) {
    this.#pending.set(label, this.#ask({ query: this.#query, ...options }));
  }

  /** Starts a POST whose body is not sent yet; returns when the server has begun to read it. */
  async beginPost(label, body) {
    await new Promise((begun) => {
      const send = (request) => {
        this.send = () => request.end(body);
        begun();
      };
      const headers = { expect: "100-continue", "content-length": Buffer.byteLength(body) };
      this.#pending.set(label, ask(this.run.port, { method: "POST", query: this.#query, headers }, send));
    });
  }

  /** Sends the body of a POST that waits. */
  sendBody() {
    this.send();
  }

  /** Ends the connection of a request that waits. */
  giveUp(label) {
    this.#pending.get(label).abort();
  }

  wait(ms) {
    return sleep(ms);
  }

  /** Logs the answer to requests that wait; of several, in the order of their text. */
  async answer(...labels) {
    const answers = await Promise.all(labels.map((label) => this.#pending.get(label)));
    for (const line of answers.map(text).sort()) this.run.log(this.name, line);
  }

  #received(packet) {
    this.id = packet.match(/^40[^{]*\{"sid":"([^"]+)"/)?.[1] ?? this.id;
    this.run.received(this.name, packet);
  }

  /** The answer's packets are logged on their own. */
  async #poll() {
    const { status, body, error } = await ask(this.run.port, { query: this.#query });
    if (status !== 200) {
      this.run.log(this.name, `< ${error ?? `${status} ${body}`}`);
      return false;
    }
    this.#packets.push(...body.split("\x1e").filter((packet) => this.run.wanted(packet)));
    return true;
  }

  #ask(options) {
    return ask(this.run.port, options);
  }

  #log(answer) {
    this.run.log(this.name, text(answer));
  }

  /** Requests that still wait are given up. */
  end() {
    for (const request of this.#pending.values()) request.abort();
  }
}

export function text({ error, status, headers, body }) {
  return error ? `< ${error}` : `< ${status} ${headers.join("; ")} | ${body.replaceAll("\x1e", "␞")}`;
}
