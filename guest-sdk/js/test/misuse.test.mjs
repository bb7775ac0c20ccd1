/** What is written as for a Socket.IO server, or does something else than in Node: said when it is built. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";

import { component, connect, folder, runBuild, serve } from "./support/components.mjs";

const file = (text) => ({ "handler.js": `const ns = new RealtimeNamespace("/x");\n${text}\nmodule.exports = ns;` });

async function built(files) {
  const dir = folder(files);
  return runBuild(join(dir, "handler.js"), "-o", join(dir, "out.wasm"));
}

describe("errors that say what to write instead", () => {
  for (const [what, text, said] of [
    ["on connection", 'ns.socket.on("connection", () => {});', /ns\.socket\.on\("connection"\) would never run: write `ns\.socket\.on\("\$connect", …\)`.*\n.*handler\.js:2:/],
    ["once disconnect", 'ns.socket.once("disconnect", () => {});', /would never run: write `ns\.socket\.on\("\$disconnect", …\)`/],
    ["ns.on", 'ns.on("connection", (socket) => {});', /ns\.on\(\) is not available: use ns\.socket\.on: write `ns\.socket\.on\("\$connect"/],
    ["ns.on of another event", 'ns.on("say", () => {});', /write `ns\.socket\.on\("say", …\)`/],
    ["ns.use", "ns.use((socket, next) => next());", /ns\.use\(\) is not available: there is no middleware: check the client in `ns\.socket\.on\("\$connect"/],
    ["a list of namespaces", 'module.exports = [ns, new RealtimeNamespace("/y")]; return;', /exports a list: one file is one namespace/],
    ["a server", 'const { Server } = require("socket.io");', /imports `socket\.io`, which is a server.*\n.*\n {2}hint: `RealtimeNamespace` is a global/],
    ["Node's server", 'const http = require("http");', /imports `http`.*\n.*\n {2}hint: to send requests.*the host is the server/],
    ["jsonwebtoken", 'const jwt = require("jsonwebtoken");', /imports `jsonwebtoken`.*\n.*\n {2}hint: .*`@noble\/hashes`/],
  ]) {
    test(what, async () => {
      const { code, stderr } = await built(file(text));
      assert.equal(code, 1, stderr);
      assert.match(stderr, said);
    });
  }
});

test("warnings: calls that do something else than in Node", async () => {
  const { code, stderr } = await built({
    ...file(`const jose = require("jose");
ns.socket.on("run", (n, a, b) => [n.toLocaleString(), n.toLocaleString("de", { style: "percent" }), a.localeCompare(b)]);
ns.socket.on("sort", (a, b) => a.localeCompare(b, undefined, { numeric: true }) + new Intl.NumberFormat().format(1));
ns.socket.on("verify", () => jose.verify());`),
    "node_modules/jose/index.js": `exports.verify = () => crypto.subtle.verify();\nexports.n = () => (1).toLocaleString("de");`,
  });
  assert.equal(code, 0, stderr);
  assert.deepEqual(stderr.match(/^warning: .*(?=: `)|`[^`]*`(?= (?:ignores|is not there))/gm), [
    "warning: the package `jose`", "`crypto.subtle`",
    "warning: handler.js:3:55", "`toLocaleString`",
    "warning: handler.js:4:32", "`localeCompare`",
    "warning: handler.js:4:87", "`Intl.NumberFormat`",
  ]);
});

test("`main` without its extension, and a folder", async () => {
  for (const [main, name] of [["handler", "handler.js"], ["./lib", "lib/index.js"]]) {
    const dir = folder({ "package.json": JSON.stringify({ main }), [name]: 'module.exports = new RealtimeNamespace("/");' });
    const { code, stderr } = await runBuild(dir, "-o", join(dir, "out.wasm"));
    assert.equal(code, 0, stderr);
  }
});

test("globals of browsers and workers", async (t) => {
  const dir = folder(
    file(`
const heard = [];
const target = new EventTarget();
target.addEventListener("x", (event) => heard.push(event.type, event.detail, event instanceof Event));
ns.socket.on("run", () => {
  target.dispatchEvent(new CustomEvent("x", { detail: 1 }));
  return [self === globalThis, typeof self.crypto.getRandomValues, ...heard];
});`),
  );
  const host = await serve(t, await component(join(dir, "handler.js")));
  const client = await connect(t, host, "/x");
  assert.deepEqual(await client.ask("run"), [true, "function", "x", 1, true]);
});
