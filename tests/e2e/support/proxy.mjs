/** A network between clients and a host that can fail: connections break, go silent, or never come about. */

import net from "node:net";

import { until, within } from "./wait.mjs";

/**
 * Starts a proxy in front of a host; it goes with the test. Requests whose first line fits `refuses` are cut off. It can
 * stand in for the host where clients are opened.
 */
export async function startProxy(t, host, { refuses } = {}) {
  const proxy = new Proxy(host, refuses);
  t.after(() => proxy.stop());
  await proxy.listening();
  return proxy;
}

class Proxy {
  #server;
  #down = false;
  #refuses;
  #sockets = new Set();
  /** Connections on which a GET waits for its answer. */
  #waiting = new Set();

  constructor(host, refuses) {
    this.#refuses = refuses;
    this.#server = net.createServer((client) => this.#join(client, net.connect(host.port, "127.0.0.1")));
  }

  #join(client, server) {
    this.#carry(client, server, (data) => {
      const line = data.toString("latin1").split("\r\n")[0];
      if (line.startsWith("GET ")) this.#waiting.add(client);
      return !this.#refuses?.test(line);
    });
    this.#carry(server, client, () => {
      this.#waiting.delete(client);
      return true;
    });
    if (this.#down) client.destroy();
  }

  #carry(from, to, passes) {
    this.#sockets.add(from);
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      this.#waiting.delete(from);
      to.destroy();
    });
    from.on("data", (data) => (passes(data) ? to.write(data) : from.destroy()));
  }

  async listening() {
    await new Promise((listening) => this.#server.listen(0, "127.0.0.1", listening));
    this.port = this.#server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /** Breaks all connections; new ones are served. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks the connection of a long-polling client while its GET waits: between two requests it would not notice. */
  async cutPoll() {
    await until(() => this.#waiting.size > 0, "a GET waits");
    this.cut();
  }

  /** Breaks everything until a client has noticed; then it can connect again, which is waited for. */
  async interrupt({ socket }) {
    const again = new Promise((again) => socket.once("connect", again));
    const noticed = new Promise((noticed) => socket.once("disconnect", noticed));
    this.#down = true;
    this.cut();
    await within(noticed, "the client notices");
    this.#down = false;
    await within(again, "the client is connected again");
  }

  /** Nothing passes any more, and nobody is told. */
  freeze() {
    this.#server.removeAllListeners("connection");
    this.#server.on("connection", (client) => this.#sockets.add(client));
    for (const socket of this.#sockets) {
      socket.removeAllListeners("data");
      socket.pause();
    }
  }

  stop() {
    this.cut();
    this.#server.close();
  }
}
