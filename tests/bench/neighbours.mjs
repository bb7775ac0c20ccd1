/**
 * What neighbours that wait for ever or compute for ever cost others.
 *
 *     node bench/neighbours.mjs [ROUNDS] [SECONDS] [ADDRESSES] [-- FLAGS OF host run]
 *
 * In the namespace `/probe` 2,000 clients never answer their handlers' `emit_with_ack`, and 100 clients have handlers that
 * loop; they connect from so many ADDRESSES (1). Beside them two innocent clients, each from an address of its own, send an
 * echo every 20 ms: one in the same namespace, one in `/bench`. Every round starts a host and measures both for SECONDS (20)
 * without the others, then with them. Printed are milliseconds and, for each round, what the load does to them; the goals are
 * p99 below 5 × in the other namespace and below 20 × in the same one.
 *
 * Needs the host (`HOST_BIN`) and the guests `probe` and `bench` (`HOST_GUESTS`), as the tests do. Clients run in processes of
 * their own, on the same machine.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

import { startHost } from "../e2e/support/host.mjs";

const SILENT = 2_000;
const LOOPING = 100;
/** Events that a client of the load has under way; each takes the handler's whole time. */
const QUEUED = 32;
const PAUSE = 20;
/** Time for the load to take what it gets, before its effect is measured. */
const SETTLE = 12_000;

/** Opens a raw client from a loopback address, in a namespace. Pings are answered; other packets go to `receive`. */
function open(port, address, namespace, receive = () => {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, { localAddress: address });
  return new Promise((joined, failed) => {
    socket.on("error", failed);
    socket.on("close", () => failed(new Error("the host closed a session")));
    socket.on("message", (data) => {
      const packet = data.toString();
      if (packet[0] === "0") socket.send(`40${namespace},`);
      else if (packet === "2") socket.send("3");
      else if (packet.startsWith("40")) joined(socket);
      else receive(packet);
    });
  });
}

/** The load: all its clients connect, then they send their events, then it only keeps them. */
async function load(port, addresses) {
  const address = (client) => `127.0.${1 + Math.floor((client % addresses) / 250)}.${1 + ((client % addresses) % 250)}`;
  const events = [...Array(LOOPING).fill('["loop"]'), ...Array(SILENT).fill('["ask",60000]')];
  const clients = [];
  const connect = async () => {
    while (clients.length < events.length) {
      const client = clients.push(undefined) - 1;
      clients[client] = await open(port, address(client), "/probe");
    }
  };
  await Promise.all(Array.from({ length: 20 }, connect));
  for (const [client, socket] of clients.entries()) {
    for (let queued = 0; queued < QUEUED; queued += 1) socket.send(`42/probe,${events[client]}`);
  }
  process.send("ready");
}

/** An innocent client: its echos' round trips in milliseconds, for a while whenever it is told to. */
async function innocent(port, address, namespace) {
  let answered;
  const socket = await open(port, address, namespace, (packet) => packet.startsWith("43") && answered?.());
  process.on("message", async ({ seconds }) => {
    const times = [];
    const end = performance.now() + seconds * 1_000;
    while (performance.now() < end) {
      const answer = new Promise((resolve) => (answered = resolve));
      const begun = performance.now();
      socket.send(`42${namespace},1["echo",1]`);
      await answer;
      times.push(performance.now() - begun);
      await sleep(PAUSE);
    }
    process.send(times);
  });
  process.send("ready");
}

const quantile = (times, part) => times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))];

async function child(...args) {
  const process = fork(fileURLToPath(import.meta.url), args.map(String));
  await once(process, "message");
  return process;
}

async function measure(process, seconds) {
  process.send({ seconds });
  const [times] = await once(process, "message");
  return times;
}

async function round(seconds, addresses, flags) {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  try {
    const host = await startHost(t, { components: ["probe", "bench"], flags, stderr: "ignore" });
    const [same, other] = [await child("innocent", host.port, "127.0.0.2", "/probe"), await child("innocent", host.port, "127.0.0.3", "/bench")];
    ends.unshift(() => [same, other].forEach((process) => process.kill()));
    const both = () => Promise.all([same, other].map((process) => measure(process, seconds)));
    await Promise.all([same, other].map((process) => measure(process, 2)));
    const quiet = await both();
    const neighbours = await child("load", host.port, addresses);
    ends.unshift(() => neighbours.kill("SIGKILL"));
    await sleep(SETTLE);
    return { quiet, loaded: await both() };
  } finally {
    for (const end of ends) await end();
  }
}

function report({ quiet, loaded }) {
  const line = ["the same namespace", "another namespace"].map((name, index) => {
    const [before, after] = [quiet[index], loaded[index]];
    const values = [0.5, 0.99].map((part) => [quantile(before, part), quantile(after, part)]);
    const texts = values.map(([q, l], index) => `${["p50", "p99"][index]} ${q.toFixed(2)} → ${l.toFixed(2)} (${(l / q).toFixed(1)} ×)`);
    return `${name}: ${texts.join(", ")}, max ${Math.max(...after).toFixed(1)}`;
  });
  console.log(line.join("; "));
}

const [what, ...args] = process.argv.slice(2);
if (what === "load") await load(...args.map(Number));
else if (what === "innocent") await innocent(...args);
else {
  const flags = process.argv.slice(2);
  const numbers = flags.splice(0, flags.includes("--") ? flags.indexOf("--") : flags.length);
  const [rounds = 3, seconds = 20, addresses = 1] = numbers.map(Number);
  for (let count = 0; count < rounds; count += 1) report(await round(seconds, addresses, flags.slice(1)));
  process.exit(0);
}
