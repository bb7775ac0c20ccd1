/** A WebSocket whose frames are sent when it is told to. */

import WebSocket from "ws";

import { Queue, sleep, within } from "../../e2e/support/wait.mjs";

const QUERY = "EIO=4&transport=websocket";
/** How long a frame may take; a server that sends none has the same said of it in its transcript. */
const PATIENCE = 5_000;

export class Socket {
  #frames = new Queue();
  #closed = false;
  /** The acknowledgement id that the last event asked for. */
  #wanted;

  constructor(run, name) {
    this.run = run;
    this.name = name;
  }

  /** Opens a WebSocket, and a session with it where the query names none. */
  async open(query = QUERY, options = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${this.run.port}/socket.io/?${query}`, options);
    const { socket } = this;
    socket.on("message", (data, binary) => {
      const frame = binary ? data : data.toString();
      if (this.run.wanted(frame)) this.#frames.push(frame);
    });
    socket.on("close", (code) => this.#frames.push({ code }));
    socket.on("error", () => {});
    const opened = new Promise((done) => {
      socket.on("open", () => done("open"));
      socket.on("unexpected-response", async (_, response) => {
        let body = "";
        for await (const data of response) body += data;
        done(`< ${response.statusCode} ${response.headers["content-type"]} | ${body}`);
      });
      socket.on("error", (error) => done(`error ${error.message}`));
    });
    const line = await within(opened, "an answer to the WebSocket handshake");
    this.#closed = line !== "open";
    this.run.log(this.name, line);
  }

  /** Opens a WebSocket for the session of a client of long-polling. */
  async upgrade(polling, query = QUERY) {
    await this.open(`${query}&sid=${this.run.client(polling).sid}`);
  }

  /** Probes the WebSocket, and upgrades. */
  async probe() {
    this.send("2probe");
    await this.receive();
    this.send("5");
  }

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  /** Sends one message in fragments. */
  fragments(...parts) {
    parts.forEach((part, index) => this.socket.send(part, { fin: index === parts.length - 1 }));
  }

  /** Sends one text message in fragments of these bytes, in hexadecimal. */
  fragmentBytes(...parts) {
    parts.forEach((part, index) => {
      this.socket.send(Buffer.from(part, "hex"), { binary: false, fin: index === parts.length - 1 });
    });
  }

  /** Sends one message in two fragments with a ping frame between them. */
  fragmentsWithPing(first, last) {
    this.socket.send(first, { fin: false });
    this.socket.ping();
    this.socket.send(last);
  }

  /** Sends a text message of these bytes, in hexadecimal. */
  text(hex) {
    this.socket.send(Buffer.from(hex, "hex"), { binary: false });
  }

  /** Writes bytes, in hexadecimal, to the connection. */
  write(...parts) {
    this.socket._socket.write(Buffer.from(parts.join(""), "hex"));
  }

  ping() {
    const pong = new Promise((done) => this.socket.once("pong", (data) => done(data.toString())));
    this.socket.ping("hello");
    return pong.then((data) => this.run.log(this.name, `pong ${data}`));
  }

  /** Receives a ping packet, and answers it. */
  async pong() {
    await this.receiveTo("2");
    this.send("3");
  }

  /** Receives so many frames. */
  async receive(count = 1) {
    for (let received = 0; received < count; received += 1) if (!(await this.#next())) return;
  }

  /** Receives up to a frame that begins so, or to the end. */
  async receiveTo(beginning) {
    for (;;) {
      const frame = await this.#next();
      if (!frame || String(frame).startsWith(beginning)) return;
    }
  }

  /** Receives all that comes until the connection is closed. */
  async receiveAll() {
    while (await this.#next());
  }

  /** Receives up to the acknowledgement of an event that is sent now. */
  async sync(namespace = "/probe") {
    const [path, event] =
      namespace === "/probe" ? ["/probe,", "echo"] : [namespace === "/" ? "" : `${namespace},`, "name"];
    this.send(`42${path}999["${event}"]`);
    await this.receiveTo(`43${path}999[`);
  }

  /** Joins a namespace and receives so many packets. */
  async join(namespace = "/probe", auth = "", count = namespace === "/probe" ? 2 : 1) {
    this.send(namespace === "/" ? `40${auth}` : `40${namespace},${auth}`);
    await this.receive(count);
  }

  /** Joins a namespace as another client, which was cut off. */
  returns(client, namespace, changes = {}) {
    const { pid, offset } = this.run.client(client);
    this.send(`40${namespace},${JSON.stringify({ pid, offset, ...changes })}`);
  }

  /** Opens a session and joins a namespace. */
  async enter(namespace) {
    await this.open();
    await this.receive();
    await this.join(namespace);
  }

  /** Acknowledges the last event of `/probe` that asked for it, with this JSON array. */
  acknowledge(json) {
    this.send(`43/probe,${this.#wanted}${json}`);
  }

  /** The same with bytes, in hexadecimal, as the only argument. */
  acknowledgeBinary(hex) {
    this.send(`461-/probe,${this.#wanted}[{"_placeholder":true,"num":0}]`, Buffer.from(hex, "hex"));
  }

  /** Waits for the news that another client's socket left, and logs the reason. */
  async left(client) {
    await this.run.left(this.name, this.run.client(client).id);
  }

  close(code) {
    this.socket.close(code);
  }

  /** Ends the TCP connection without a close frame. */
  terminate() {
    this.socket.terminate();
  }

  wait(ms) {
    return sleep(ms);
  }

  async #next() {
    if (this.#closed) return undefined;
    let timer;
    const silence = new Promise((done) => {
      timer = setTimeout(done, PATIENCE, "silence");
    });
    const frame = await Promise.race([this.#frames.next("a frame"), silence]);
    clearTimeout(timer);
    if (frame === "silence") {
      this.#closed = true;
      this.run.log(this.name, "nothing more");
      return undefined;
    }
    if (frame.code) {
      this.#closed = true;
      this.run.log(this.name, `closed ${frame.code}`);
      return undefined;
    }
    this.sid = String(frame).match(/^0\{"sid":"([^"]+)"/)?.[1] ?? this.sid;
    this.id = String(frame).match(/^40[^{]*\{"sid":"([^"]+)"/)?.[1] ?? this.id;
    this.pid = String(frame).match(/^40.*"pid":"([^"]+)"/)?.[1] ?? this.pid;
    this.offset = String(frame).match(/^4[25][^[]*\[.*,"([^",]+)"\]$/)?.[1] ?? this.offset;
    this.#wanted = String(frame).match(/^4[25](?:\d+-)?(?:\/[^,]*,)?(\d+)\[/)?.[1] ?? this.#wanted;
    this.run.received(this.name, frame);
    return frame;
  }

  end() {
    this.socket?.terminate();
  }
}
