/**
 * Every example of the API's documentation, byte for byte, run with `host run FILE.js`.
 *
 * The documentation is not a part of the repository: without it (`REALTIME_API` says where it is) these tests are skipped.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { connect, folder, runHost, serve } from "./support/components.mjs";

const TESTS = fileURLToPath(new URL("../../../tests", import.meta.url));

// The document lies beside the checkout, not in it.
const BESIDE = fileURLToPath(new URL("../../../../shared/realtime-api.txt", import.meta.url));
const DOCUMENT = process.env.REALTIME_API ?? BESIDE;
const skip = existsSync(DOCUMENT) ? false : `there is no ${DOCUMENT}`;
const lines = skip ? [] : readFileSync(DOCUMENT, "utf8").split("\n");

/** Whole files: from a constructor to the export. */
function files() {
  const found = [];
  for (let end = lines.indexOf("module.exports = ns;"); end >= 0; end = lines.indexOf("module.exports = ns;", end + 1)) {
    const start = lines.lastIndexOf("const ns = new RealtimeNamespace('/chat');", end);
    found.push(`${lines.slice(start, end + 1).join("\n")}\n`);
  }
  return found;
}

/** The shorter examples between the two files: handlers, and statements that stand inside one. */
function examples() {
  const handlers = [];
  const statements = [];
  const [from, to] = [lines.indexOf("module.exports = ns;"), lines.indexOf("Complete Example")];
  for (let i = from + 1; i < to; i++) {
    if (lines[i].startsWith("ns.socket.on('")) {
      let end = lines.indexOf("});", i);
      // The text has lost its indentation: the last of several in a row is the handler's own.
      while (lines[end + 1] === "});") end++;
      handlers.push(lines.slice(i, end + 1).join("\n"));
      i = end;
    } else if (/^ns\.(socket\.)?to\('/.test(lines[i])) {
      statements.push(lines[i]);
    }
  }
  return { handlers, statements };
}

/** Writes a handler's text to a file that the host has built once; returns the file. */
async function build(name, text) {
  const file = join(folder({ [name]: text }), name);
  const { code, stderr } = await runHost(["build", file, "--install"]);
  assert.equal(code, 0, stderr);
  return file;
}

test("the documentation has the examples that these tests look for", { skip }, () => {
  const { handlers, statements } = examples();
  assert.equal(files().length, 2);
  assert.deepEqual([handlers.length, statements.length], [21, 3]);
});

describe("the first example", { skip }, () => {
  test("broadcasts to the room that everybody joins", async (t) => {
    const host = await serve(t, await build("first.js", files()[0]));
    const [ada, bob] = [await connect(t, host, "/chat"), await connect(t, host, "/chat")];
    ada.emit("message", { text: "hi" });
    assert.deepEqual(await bob.next("message"), [{ from: ada.id, text: "hi" }]);
    assert.deepEqual(ada.all("message"), []);
    // The client forgets its id when it disconnects.
    const { id } = ada;
    await host.log(({ message }) => message === `Client connected: ${id}`);
    ada.socket.disconnect();
    await host.log(({ message }) => message === `Client disconnected: ${id} client namespace disconnect`);
  });
});

test("the complete example passes the browser test of examples/chat", { skip }, async () => {
  // Not the variable by which this runner tells its files that they are its own.
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const options = { cwd: TESTS, env: { ...env, CHAT_COMPONENT: await build("chat.js", files()[1]) } };
  const test = promisify(execFile)(process.execPath, ["--test", "browser/chat.test.mjs"], options);
  const { stdout } = await test.catch(({ stdout }) => assert.fail(stdout));
  assert.match(stdout, /(pass|# pass) [1-9]/);
});

describe("the shorter examples", { skip }, () => {
  let file;
  before(async () => {
    const { handlers, statements } = examples();
    const inside = statements.map((text, i) => `ns.socket.on('chain ${i}', function (data) {\n${text}\n});`);
    const rooms = "ns.socket.on('join', function (rooms) { ns.socket.join(rooms); });";
    file = await build("shorter.js", ["const ns = new RealtimeNamespace();", ...handlers, ...inside, rooms, "module.exports = ns;\n"].join("\n"));
  });

  async function start(t) {
    const host = await serve(t, file, { flags: ["--namespace", "/short"] });
    const enter = (username) => connect(t, host, "/short", { auth: { username, userId: `${username}-1` }, query: { token: "abc" } });
    return { host, ada: await enter("Ada"), bob: await enter("Bob") };
  }

  test("without a path, the namespace is the host's", async (t) => {
    await start(t);
  });

  test("$connect and $disconnect: id, rooms, handshake, data, reason, connected", async (t) => {
    const { host, ada, bob } = await start(t);
    const { id } = ada;
    const printed = (text) => host.log(({ socket, message }) => socket === id && message === text);
    await printed(`New connection: ${id}`);
    await printed(id);
    await printed(`Set (1) {'${id}'}`);
    await printed("abc");
    await printed("Ada-1");
    await printed("127.0.0.1");
    assert.deepEqual(await bob.next("welcome"), [{ message: "Hello!" }]);
    ada.emit("message", { text: "hello" });
    await printed("Ada says: hello");
    ada.emit("chatMessage", { a: 1 });
    await printed("Received: { a: 1 }");
    ada.socket.disconnect();
    await printed("Disconnected because: client namespace disconnect");
    await printed("false");
  });

  test("joinRoom, leaveRoom, message to general", async (t) => {
    const { ada, bob } = await start(t);
    bob.emit("joinRoom", { room: "general" });
    assert.deepEqual(await bob.next("joined"), [{ room: "general" }]);
    ada.emit("message", { text: "one" });
    assert.deepEqual(await bob.next("message"), [{ from: ada.id, text: "one" }]);
    bob.emit("leaveRoom", { room: "general" });
    bob.emit("joinRoom", { room: "other" });
    await bob.next("joined");
    ada.emit("message", { text: "two" });
    ada.emit("announcement", "after");
    await bob.next("announcement");
    assert.equal(bob.all("message").length, 1);
  });

  test("ban", async (t) => {
    const { ada } = await start(t);
    ada.emit("ban");
    assert.deepEqual(await ada.next("banned"), [{ reason: "Violation" }]);
    assert.equal(await ada.disconnected(), "io server disconnect");
  });

  test("announcement, alert, serverMessage, maintenance, globalAlert: who gets them", async (t) => {
    const { ada, bob } = await start(t);
    bob.emit("joinRoom", { room: "muted" });
    bob.emit("joinRoom", { room: "admins" });
    ada.emit("joinRoom", { room: "general" });
    await ada.next("joined");
    await bob.next("joined");
    await bob.next("joined");
    for (const event of ["announcement", "alert", "serverMessage", "maintenance", "globalAlert"]) ada.emit(event, event);
    await Promise.all([ada.next("globalAlert"), bob.next("globalAlert")]);
    const got = (client) => client.events.map(([event]) => event).filter((event) => !["welcome", "joined"].includes(event));
    assert.deepEqual(got(ada), ["serverMessage", "maintenance", "globalAlert"]);
    assert.deepEqual(got(bob), ["announcement", "globalAlert"]);
    assert.deepEqual(ada.all("maintenance"), [[{ message: "Going offline soon" }]]);
  });

  test("chains of to and except", async (t) => {
    const { ada, bob } = await start(t);
    const eve = await connect(t, { url: ada.socket.io.uri.replace(/\/short$/, "") }, "/short");
    bob.emit("join", ["room1", "room2", "vip"]);
    eve.emit("join", ["room1", "premium", "banned"]);
    for (const client of [bob, eve]) {
      client.emit("joinRoom", { room: "general" });
      await client.next("joined");
    }
    for (const i of [0, 1, 2]) ada.emit(`chain ${i}`, i);
    ada.emit("globalAlert", "end");
    await Promise.all([bob.next("globalAlert"), eve.next("globalAlert")]);
    assert.deepEqual([bob.all("update"), eve.all("update")], [[[0]], [[0], [1]]]);
    assert.deepEqual([bob.all("offer"), eve.all("offer")], [[[{ discount: 20 }]], []]);
  });
});
