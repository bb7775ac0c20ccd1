/** SIGHUP: new revisions of components take over between two events, and no client notices. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { connect } from "./support/clients.mjs";
import { runHost, startHost } from "./support/host.mjs";
import { until } from "./support/wait.mjs";

/** Longest time for a build of JavaScript, in milliseconds. */
const BUILD = 120_000;

const handler = (revision, rest = "") => `
  const ns = new RealtimeNamespace('/live');
  ns.socket.on('revision', () => ${revision});
  ns.socket.on('slow', () => new Promise((answer) => setTimeout(() => answer(${revision}), 1500)));
  ns.socket.on('env', () => process.env.GREETING ?? 'none');
  ${rest}
  module.exports = ns;
`;

const settings = (more = "") => `listen = "127.0.0.1:0"\n${more}\n[[namespace]]\ncomponent = "live.js"\n`;

/** A folder that goes with the test. */
async function folder(t) {
  const dir = await mkdtemp(join(tmpdir(), "host-reload-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** Reloads, and returns the line of the log that says how it went. */
async function reload(host) {
  const seen = host.lines.length;
  // Not the child's own `kill`, after which it counts as told to stop.
  process.kill(host.pid, "SIGHUP");
  const said = () => host.lines.slice(seen).find((line) => /^(not )?reloaded/.test(line.message));
  await until(said, "the host has reloaded", BUILD);
  return said();
}

/** A host that serves `live.js` with a file of settings; `write` changes one of the two. */
async function live(t) {
  const dir = await folder(t);
  const write = (name, text) => writeFile(join(dir, name), text);
  await write("live.js", handler(1));
  await write("host.toml", settings());
  const host = await startHost(t, { components: [], flags: ["--config", join(dir, "host.toml"), "--install"] });
  return { host, write };
}

test("a new revision takes over; running events end on the old one; what is wrong changes nothing", async (t) => {
  const { host, write } = await live(t);
  const client = await connect(t, host, "/live");
  let left = false;
  client.socket.on("disconnect", () => (left = true));
  assert.equal(await client.ask("revision"), 1);

  await write("live.js", handler(2, "ns.socket.on('added', () => 'here');"));
  const slow = client.ask("slow");
  const other = await connect(t, host, "/live");
  assert.match((await reload(host)).message, /^reloaded/);
  assert.equal(await other.ask("revision"), 2);
  assert.equal(await slow, 1, "it began before");
  assert.equal(await client.ask("added"), "here");

  await write("live.js", "this is no JavaScript");
  assert.match((await reload(host)).message, /^not reloaded, nothing has changed: .*live\.js/s);
  assert.equal(await client.ask("revision"), 2);

  await write("live.js", handler(3));
  await write("host.toml", "max-paylod = 1\n" + settings());
  const wrong = await reload(host);
  assert.match(wrong.message, /^not reloaded, nothing has changed: .*host\.toml:1:1: there is no setting/);
  assert.equal(wrong.hint, "did you mean `max-payload`?");
  assert.equal(await client.ask("revision"), 2);

  await write("host.toml", settings() + 'env = { GREETING = "hello" }\n');
  assert.match((await reload(host)).message, /^reloaded/);
  assert.deepEqual([await client.ask("revision"), await client.ask("env")], [3, "hello"]);
  assert.ok(!left, "the connection stayed");
});

test("what counts from the next start on is named, and other namespaces are refused", async (t) => {
  const { host, write } = await live(t);
  await write("host.toml", settings("max-rooms = 7\nhandlers = 9"));
  await reload(host);
  const warned = host.lines.map((line) => line.message).filter((text) => /from the next start on/.test(text));
  assert.deepEqual(warned, [
    "changed limits of clients count from the next start on",
    "changed --handlers and limits of memory count from the next start on",
  ]);
  await write("host.toml", settings() + '[[namespace]]\npath = "/more"\ncomponent = "more.js"\n');
  await write("more.js", handler(1).replace("'/live'", ""));
  const { message, hint } = await reload(host);
  assert.match(message, /more\.js is for the namespace \/more, which is not served yet/);
  assert.match(hint, /when the host starts/);
});

test("schedules are taken over, too; one that is not valid changes nothing, and nothing starts with it", async (t) => {
  const { host, write } = await live(t);
  const ticking = (times, n) => `ns.schedule('${times}', () => ns.emit('tick', ${n}));`;
  const client = await connect(t, host, "/live");
  await write("live.js", handler(2, ticking("every 1s", 2)));
  assert.match((await reload(host)).message, /^reloaded/);
  assert.deepEqual(await client.next("tick"), [2]);

  await write("live.js", handler(3, ticking("every 1s", 3)));
  assert.match((await reload(host)).message, /^reloaded/);
  await until(() => client.all("tick").some(([n]) => n === 3), "the new revision's schedule has run");

  for (const [times, named] of [
    ["every 1x", /every 1x/],
    ["every 100ms", /every 100ms/],
    ["61 * * * *", /61 \* \* \* \*/],
    ["0 9 * * 1', 'Atlantis/Capital", /Atlantis\/Capital/],
  ]) {
    await write("live.js", handler(4, ticking(times, 4)));
    const { message } = await reload(host);
    assert.match(message, /^not reloaded, nothing has changed/);
    assert.match(message, named);
  }
  const seen = client.all("tick").length;
  await until(() => client.all("tick").length > seen, "the schedule goes on");
  assert.deepEqual(client.all("tick").at(-1), [3]);

  const dir = await folder(t);
  const [file, component] = [join(dir, "live.js"), join(dir, "live.wasm")];
  await writeFile(file, handler(4, ticking("every 1x", 4)));
  assert.equal((await runHost(["build", file, "--install", "--output", component])).code, 0);
  for (const args of [["run", file, "--listen", "127.0.0.1:0", "--install", "--data", "none"], ["inspect", component]]) {
    const { code, stderr } = await runHost(args);
    assert.notEqual(code, 0, args[0]);
    assert.match(stderr, /every 1x/);
  }
});

test("no event is lost, doubled or out of order over many reloads", async (t) => {
  const dir = await folder(t);
  const file = join(dir, "host.toml");
  const revise = (revision) => writeFile(file, `env = { REVISION = "${revision}" }\n`);
  await revise(0);
  const host = await startHost(t, { flags: ["--config", file] });
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, host)));
  const reason = Promise.race(clients.map(({ socket }) => new Promise((left) => socket.once("disconnect", left))));
  let going = true;
  const load = clients.map(async (client) => {
    let sent = 0;
    while (going) {
      const batch = Array.from({ length: 10 }, () => sent++);
      batch.forEach((number) => client.emit("order", number));
      assert.deepEqual(await Promise.all(batch.map((number) => client.ask("echo", number))), batch);
    }
    await client.ask("nothing");
    assert.deepEqual(client.all("order").map(([number]) => number), Array.from({ length: sent }, (_, n) => n));
  });
  for (let revision = 1; revision <= 20; revision += 1) {
    await revise(revision);
    assert.match((await reload(host)).message, /^reloaded/);
    assert.equal((await clients[0].ask("env")).REVISION, String(revision));
  }
  going = false;
  assert.equal(await Promise.race([reason, Promise.all(load)]).then((ended) => typeof ended), "object", "nobody was disconnected");
});
