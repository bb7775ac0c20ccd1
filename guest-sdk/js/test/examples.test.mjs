/** The examples in JavaScript and TypeScript; `tests/browser` has `chat-js` and `whiteboard-js`. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { component, connect, open, serve } from "./support/components.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const example = (path) => component(join(ROOT, "examples", path));
const run = promisify(execFile);

test("notifications-ts reaches every device of a user", async (t) => {
  const host = await serve(t, await example("notifications-ts/src/notifications.ts"));
  const device = (userId) => connect(t, host, "/notifications", { auth: { userId } });
  const refused = await open(t, host, "/notifications", { auth: {} }).refused();
  assert.deepEqual([refused.message, refused.data], ["who are you?", { missing: "auth.userId" }]);

  const [phone, laptop, bob] = [await device("ada"), await device("ada"), await device("bob")];
  assert.equal(await bob.ask("notify", { to: "ada", title: "lunch?" }), 2);
  const [[notification], [same]] = [await phone.next("notification"), await laptop.next("notification")];
  assert.deepEqual(notification, same);
  assert.deepEqual([notification.from, notification.title], ["bob", "lunch?"]);
  phone.emit("read", notification.id);
  assert.deepEqual(await laptop.next("read"), [notification.id]);
  assert.equal(await bob.ask("notify", { to: "nobody", title: "?" }), 0);
  assert.deepEqual(bob.all("notification"), []);
});

for (const name of ["notifications-ts", "todo-ts"]) {
  test(`${name} has no errors of types`, async () => {
    const tsc = join(ROOT, "guest-sdk/js/node_modules/.bin/tsc");
    await run(tsc, ["-p", join(ROOT, "examples", name)]).catch(({ stdout }) => assert.fail(stdout));
  });
}

test("presence-js survives a restart, and finds out who does not return", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "presence-"));
  t.after(() => rmSync(data, { recursive: true }));
  const built = await example("presence-js/presence.js");
  const start = () => serve(t, built, { flags: ["--data", data] });
  const enter = (host, userId) => connect(t, host, "/presence", { auth: { userId } });
  const first = await start();
  for (const user of ["ada", "bob", "witness"]) await enter(first, user);
  await first.stop();

  const second = await start();
  const witness = await enter(second, "witness");
  assert.deepEqual(await witness.ask("who"), ["ada", "bob", "witness"]);
  await enter(second, "ada");
  await enter(second, "eve");
  assert.deepEqual(await witness.next("online"), ["eve"], "ada was never gone");
  assert.deepEqual(await witness.next("offline"), ["bob"]);
  assert.deepEqual(await witness.ask("who"), ["ada", "eve", "witness"]);
});

describe("todo-ts", () => {
  let built;
  before(async () => (built = await example("todo-ts/src/todo.ts")));

  async function devices(t, ...users) {
    const host = await serve(t, built);
    return Promise.all(users.map((userId) => connect(t, host, "/todo", { auth: { userId } })));
  }

  test("creates, lists, updates and deletes, and tells the user's other devices", async (t) => {
    const [phone, laptop, bob] = await devices(t, "ada", "ada", "bob");
    assert.deepEqual(await phone.ask("todo:list"), { data: [] });
    const { data: milk } = await phone.ask("todo:create", { title: " buy milk " });
    assert.deepEqual([milk.title, milk.done], ["buy milk", false]);
    assert.deepEqual(await laptop.next("todo:created"), [milk]);
    const { data: tea } = await laptop.ask("todo:create", { title: "tea" });
    const done = { ...milk, done: true };
    assert.deepEqual(await laptop.ask("todo:update", { id: milk.id, done: true }), { data: done });
    assert.deepEqual(await phone.next("todo:updated"), [done]);
    assert.deepEqual(await phone.ask("todo:list"), { data: [done, tea] });
    assert.deepEqual(await phone.ask("todo:delete", milk.id), { data: done });
    assert.deepEqual(await laptop.next("todo:deleted"), [done]);
    assert.deepEqual(await laptop.ask("todo:list"), { data: [tea] });
    assert.deepEqual(await bob.ask("todo:list"), { data: [] });
    assert.deepEqual(bob.events, []);
  });

  test("refuses what zod refuses, and says why", async (t) => {
    const [ada, other] = await devices(t, "ada", "ada");
    const why = async (...request) => {
      const { error, details = [] } = await ada.ask(...request);
      return [error, ...details].join("; ");
    };
    assert.match(await why("todo:create", { title: " " }), /^invalid; title: Too small/);
    assert.match(await why("todo:create", { title: "x".repeat(201) }), /^invalid; title: Too big/);
    assert.match(await why("todo:create", { title: "x", owner: "bob" }), /^invalid; Unrecognized key: "owner"/);
    assert.match(await why("todo:create", "x"), /^invalid; Invalid input: expected object/);
    assert.match(await why("todo:delete", "x"), /^invalid; Invalid UUID/);
    assert.equal(await why("todo:delete", crypto.randomUUID()), "there is no such to-do");
    assert.equal(await why("todo:update", { id: crypto.randomUUID(), done: true }), "there is no such to-do");
    assert.deepEqual(await ada.ask("todo:list"), { data: [] });
    assert.deepEqual(other.events, []);
  });

  test("loses nothing of devices that write at once", async (t) => {
    const [phone, laptop] = await devices(t, "ada", "ada");
    const titles = Array.from({ length: 10 }, (_, i) => `${i}`);
    await Promise.all(titles.map((title, i) => [phone, laptop][i % 2].ask("todo:create", { title })));
    const { data } = await phone.ask("todo:list");
    assert.deepEqual(data.map(({ title }) => title).sort(), titles);
  });
});

test("realtime-chat-js: what the documentation of the API's origin says of its chat", async (t) => {
  const host = await serve(t, await example("realtime-chat-js/realtime-chat.js"));
  const enter = (username) => connect(t, host, "/chat", { auth: { username } });
  const [ada, bob, eve] = [await enter("Ada"), await enter("Bob"), await enter("Eve")];
  const { id } = ada;
  assert.deepEqual(await ada.next("welcome"), [{ message: "Welcome to the chat!", socketId: id }]);

  ada.emit("message", { text: "nobody hears this" });
  for (const client of [ada, bob]) {
    client.emit("joinRoom", { room: "tea" });
    assert.deepEqual(await client.next("joinedRoom"), [{ room: "tea" }]);
  }
  assert.deepEqual(await ada.next("userJoined"), [{ username: "Bob" }]);
  eve.emit("joinRoom", { room: "coffee" });
  await eve.next("joinedRoom");

  const before = Date.now();
  ada.emit("message", { text: "hi" });
  const [[message], [same]] = [await ada.next("message"), await bob.next("message")];
  assert.deepEqual(message, same);
  const { timestamp, ...said } = message;
  assert.deepEqual(said, { username: "Ada", text: "hi", id });
  assert.ok(timestamp >= before - 1000);

  ada.emit("joinRoom", { room: "coffee" });
  assert.deepEqual(await bob.next("userLeft"), [{ username: "Ada" }]);
  assert.deepEqual(await eve.next("userJoined"), [{ username: "Ada" }]);
  ada.socket.disconnect();
  assert.deepEqual(await eve.next("userLeft"), [{ username: "Ada" }]);
  bob.emit("message", { text: "alone" });
  await bob.next("message");
  assert.deepEqual([ada, bob, eve].map((client) => client.all("message").length), [1, 2, 0]);
});

test("presence-js tells when a user comes and when the last socket of a user goes", async (t) => {
  const host = await serve(t, await example("presence-js/presence.js"));
  const enter = (userId) => connect(t, host, "/presence", { auth: { userId } });
  const witness = await enter("witness");
  const one = await enter("ada");
  assert.deepEqual(await witness.next("online"), ["ada"]);
  const two = await enter("ada");
  assert.deepEqual(await witness.ask("who"), ["ada", "witness"]);
  one.socket.disconnect();
  await enter("bob");
  assert.deepEqual(await witness.next("online"), ["bob"]);
  assert.deepEqual(witness.all("offline"), []);
  two.socket.disconnect();
  assert.deepEqual(await witness.next("offline"), ["ada"]);
  assert.deepEqual(await witness.ask("who"), ["bob", "witness"]);
});
