/**
 * Every way to die. A kind has a `weight`, the share of lives that end so, and `live`, a whole life; where one life is
 * several `clients`, it says how many.
 *
 * A life that fails (an answer is wrong or does not come, a connection that must end does not) is reported, whatever it
 * dies of.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import net from "node:net";
import { fileURLToPath } from "node:url";

import { sleep, within } from "../e2e/support/wait.mjs";
import { CONNECT_MS, HANDLER_MS, PAYLOAD, PING } from "./limits.mjs";

const VICTIM = fileURLToPath(new URL("../e2e/support/half-a-packet.mjs", import.meta.url));
const VICTIMS = 20;
const UNKNOWN_SID = 1;
/** More than kernels buffer for a connection, and than a session may leave unsent. */
const GLUT = { packets: 60, bytes: 90_000 };

const GARBAGE = [
  "", "9", "4", "4a", "42[", "42{}", '42["a"', "42[]", '45-["x"]', '4599-["x"]', "40x", "43", "b!", "2", "\u001e",
  '42["connect"]', '451-["x",{"_placeholder":true,"num":7}]', "0".repeat(1000), "[".repeat(50_000),
];

/** How a TCP connection ends: reset, or closed without a WebSocket's goodbye. */
const reset = (socket) => socket.resetAndDestroy();
const tcp = (raw) => raw.socket._socket;

/** Lives of official clients that talk first. */
const official = {
  "disconnect()": async (life, client) => client.socket.disconnect(),
  "transport closed by the client": async (life, client) => client.socket.io.engine.close(),
  "disconnected by its handler": async (life, client) => {
    client.emit("quit", false);
    assert.equal(await client.disconnected(), "io server disconnect");
  },
  "session closed by its handler": async (life, client) => {
    client.emit("quit", true);
    await client.disconnected();
  },
  "after its handler failed": async (life, client) => {
    client.emit(life.any(["trap", "fail", "halfway"]));
    assert.equal(await client.ask("echo", "still here"), "still here");
    client.socket.disconnect();
  },
};

/** Lives of bare WebSockets. */
const websocket = {
  "close frame": async (life, raw) => {
    raw.socket.close(1000);
    await raw.closed();
  },
  "TCP reset": async (life, raw) => reset(tcp(raw)),
  "FIN without a close frame": async (life, raw) => {
    tcp(raw).end();
    await raw.closed();
  },
  "reset in the middle of a frame": async (life, raw) => {
    tcp(raw).write(Buffer.from([0x81, 0xfe, 0x03, 0xe8, 0, 0, 0, 0, 0x34, 0x32]));
    await sleep(50);
    reset(tcp(raw));
  },
  "reset in the middle of attachments": async (life, raw) => {
    raw.send('452-/probe,["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.alloc(5000));
    await sleep(50);
    reset(tcp(raw));
  },
  "reset while its handler runs": async (life, raw) => {
    raw.send(`42/probe,["sleep",${HANDLER_MS / 2}]`);
    await sleep(50);
    reset(tcp(raw));
  },
  "reset while its handler waits for it": async (life, raw) => {
    raw.send(`42/probe,["ask",${HANDLER_MS / 2}]`);
    await raw.skipTo("42/probe,");
    reset(tcp(raw));
  },
  "reset with a full queue of events": async (life, raw) => {
    raw.send('42/probe,["sleep",100]');
    for (let number = 0; number < 200; number++) raw.send(`42/probe,["order",${number}]`);
    await sleep(50);
    reset(tcp(raw));
  },
  garbage: async (life, raw) => {
    raw.send(life.below(4) === 0 ? randomBytes(1 + life.below(300)) : life.any(GARBAGE));
    await sleep(500);
    reset(tcp(raw));
  },
  "garbage instead of frames": async (life, raw) => {
    tcp(raw).write(randomBytes(500));
    await sleep(500);
    reset(tcp(raw));
  },
  "packet that is too large": async (life, raw) => {
    raw.send(`42/probe,["echo","${"x".repeat(PAYLOAD)}"]`);
    await raw.closed();
  },
  "two namespaces, one left, then reset": async (life, raw) => {
    raw.send("41/probe,", '40/probe,{"quiet":true}', "40/nowhere,");
    await raw.skipTo("44/nowhere,");
    reset(tcp(raw));
  },
};

/** Lives with a course of their own. */
const own = {
  "reset while $connect runs": {
    weight: 4,
    async live(life) {
      const raw = await life.unjoined();
      raw.send(`40/probe,{"quiet":true,"mode":"slow","ms":${HANDLER_MS / 2}}`);
      await sleep(life.below(HANDLER_MS / 2));
      reset(tcp(raw));
    },
  },
  "rejected by $connect": {
    weight: 4,
    async live(life) {
      const raw = await life.unjoined();
      raw.send(`40/probe,{"quiet":true,"mode":"${life.any(["rejectPlain", "fail", "trap"])}"}`);
      await raw.skipTo("44/probe,");
      raw.socket.close();
    },
  },
  "never joined a namespace": {
    weight: 2,
    async live(life) {
      const raw = await life.unjoined();
      await within(raw.closed(), "the connect timeout", 5 * CONNECT_MS);
    },
  },
  "silence until the ping timeout": {
    weight: 4,
    async live(life) {
      const raw = await life.raw();
      raw.silent = true;
      await within(raw.closed(), "the ping timeout", 5 * (PING.interval + PING.timeout));
    },
  },
  "half-open: neither reads nor writes": {
    weight: 4,
    async live(life) {
      const raw = await life.raw();
      raw.silent = true;
      raw.socket.pause();
      await sleep(PING.interval + PING.timeout + 5_000);
      raw.socket.resume();
      await raw.closed();
    },
  },
  "never reads what it asked for": {
    weight: 2,
    async live(life) {
      const raw = await life.raw();
      raw.socket.pause();
      for (let number = 0; number < GLUT.packets; number++) raw.send(`42/probe,["big",${GLUT.bytes}]`);
      await sleep(PING.interval + PING.timeout + 5_000);
      raw.socket.resume();
      await raw.closed();
    },
  },
  "loops in its handler": {
    weight: 1,
    async live(life) {
      const client = await life.official();
      client.emit("loop");
      if (life.below(2) === 0) assert.equal(await client.ask("echo", 1), 1);
      client.socket.disconnect();
    },
  },
  "eats its handler's memory": {
    weight: 2,
    async live(life) {
      const client = await life.official();
      client.emit("oom");
      if (life.below(2) === 0) assert.equal(await client.ask("echo", 1), 1);
      client.socket.disconnect();
    },
  },
  "killed by SIGKILL in the middle of a packet": {
    weight: 1,
    clients: VICTIMS,
    async live(life) {
      const args = [VICTIM, life.host.port, VICTIMS, '{"quiet":true}'];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      const exited = new Promise((exited) => child.once("exit", exited));
      life.after(() => child.kill("SIGKILL"));
      await within(new Promise((sent) => child.stdout.once("data", sent)), "half a packet is sent");
      child.kill("SIGKILL");
      await exited;
    },
  },
  "during the upgrade, probed": {
    weight: 4,
    live: (life) => upgrading(life, ["2probe"]),
  },
  "during the upgrade, not probed": {
    weight: 4,
    live: (life) => upgrading(life, []),
  },
  "right after the upgrade": {
    weight: 4,
    live: (life) => upgrading(life, ["2probe", "5"]),
  },
  "in the middle of a POST": {
    weight: 4,
    async live(life) {
      const polling = await life.polling();
      const head = `POST ${path(polling)} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`;
      const socket = await half(life, `${head}42/probe,`);
      reset(socket);
      await gone(polling);
    },
  },
  "while its GET waits": {
    weight: 4,
    async live(life) {
      const polling = await life.polling();
      const socket = await half(life, `GET ${path(polling)} HTTP/1.1\r\nHost: x\r\n\r\n`);
      reset(socket);
      await gone(polling);
    },
  },
  // On a WebSocket it means nothing, as with the reference server.
  "close packet of Engine.IO": {
    weight: 4,
    async live(life) {
      const polling = await life.polling();
      assert.equal(await polling.post("1"), 200);
      await gone(polling);
    },
  },
  "polls no more": {
    weight: 4,
    async live(life) {
      await life.polling();
    },
  },
  "polls twice at once": {
    weight: 2,
    async live(life) {
      const polling = await life.polling();
      const answers = await Promise.all([fetch(polling.url), fetch(polling.url)]);
      for (const answer of answers) await answer.text();
      await gone(polling);
    },
  },
  "POST that is too large": {
    weight: 2,
    async live(life) {
      const polling = await life.polling();
      assert.equal(await polling.post("4" + "x".repeat(PAYLOAD)), 413);
      await gone(polling);
    },
  },
  "in the middle of a request's head": {
    weight: 2,
    async live(life) {
      reset(await half(life, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHo"));
    },
  },
  "silence in the middle of a request's head": {
    weight: 1,
    async live(life) {
      const socket = await half(life, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHo");
      await within(new Promise((closed) => socket.once("close", closed)), "the host closes", 120_000);
    },
  },
};

async function upgrading(life, packets) {
  const polling = await life.polling();
  const query = `EIO=4&transport=websocket&sid=${polling.handshake.sid}`;
  const raw = await life.unjoined({ query });
  for (const packet of packets) raw.send(packet);
  if (packets.length > 0) await raw.skipTo("3probe");
  await sleep(life.below(100));
  reset(tcp(raw));
}

/** The path of a session's requests. */
const path = (polling) => polling.url.slice(polling.url.indexOf("/socket.io"));

/** Sends the beginning of a request over a connection of its own. */
async function half(life, text) {
  const socket = net.connect(life.host.port, "127.0.0.1").on("error", () => {});
  socket.resume();
  life.after(() => socket.destroy());
  await within(new Promise((connected) => socket.once("connect", connected)), "a connection");
  await new Promise((written) => socket.write(text, written));
  await sleep(50);
  return socket;
}

/** Waits until a session is unknown; one that was closed has still something to say to the next GET. */
async function gone(polling) {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await within(fetch(polling.url), "the answer to a GET");
    const body = await answer.text();
    if (answer.status === 400 && JSON.parse(body || "{}").code === UNKNOWN_SID) return;
    await sleep(50);
  }
  assert.fail("the session is still there");
}

async function speak(life, raw) {
  for (let said = life.below(4); said > 0; said--) {
    raw.send(`42/probe,${said}["echo",${said}]`);
    await raw.skipTo(`43/probe,${said}[${said}]`);
    await life.pause();
  }
}

export const KINDS = [
  ...Object.entries(official).map(([name, die]) => ({
    name,
    weight: 12,
    async live(life) {
      const client = await life.official();
      await life.talk(client);
      await die(life, client);
    },
  })),
  ...Object.entries(websocket).map(([name, die]) => ({
    name,
    weight: 5,
    async live(life) {
      const raw = await life.raw();
      await speak(life, raw);
      await die(life, raw);
    },
  })),
  ...Object.entries(own).map(([name, kind]) => ({ name, ...kind })),
];
