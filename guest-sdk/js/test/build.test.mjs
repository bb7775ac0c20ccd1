/** What is built and what is refused, with exit codes and words that help. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { component, connect, folder, runBuild, serve } from "./support/components.mjs";

const SDK = fileURLToPath(new URL("..", import.meta.url));

/** Builds files that cannot be built, from `handler.js` on; returns what was said. */
async function refused(files, ...flags) {
  const dir = folder(files);
  const [first] = Object.keys(files);
  return runBuild(join(dir, first), "-o", join(dir, "out.wasm"), ...flags);
}

const NS = "const ns = new RealtimeNamespace('/x');\n";

describe("errors", () => {
  test("a built-in module that cannot exist: names the import, the file and what to do", async () => {
    const { code, stderr } = await refused({ "handler.js": `import { readFileSync } from "node:fs";\n${NS}export default ns;` });
    assert.equal(code, 1);
    assert.match(stderr, /^error: handler\.js:1:30: imports `node:fs`, a part of Node that a handler/);
    assert.match(stderr, /hint: there are no files/);
  });

  test("also where a dependency imports it", async () => {
    const files = {
      "handler.js": `const dep = require("dep");\n${NS}module.exports = ns;`,
      "node_modules/dep/index.js": `\nconst net = require("net");\nexports.x = net;`,
    };
    const { code, stderr } = await refused(files);
    assert.equal(code, 1);
    assert.match(stderr, /node_modules\/dep\/index\.js:2:\d+: imports `net`/);
    assert.match(stderr, /hint: there are no sockets; the global `fetch`/);
  });

  test("but not inside `try`, where code does without it", async () => {
    const dir = folder({ "handler.js": `let fs; try { fs = require("fs"); } catch {}\n${NS}module.exports = ns;` });
    assert.equal((await runBuild(join(dir, "handler.js"), "-o", join(dir, "out.wasm"))).code, 0);
  });

  for (const [what, text, message, hint] of [
    ["a package that is not installed", `import x from "@scope/nope/y";\n${NS}export default [ns, x];`, /handler\.js:1:\d+: imports `@scope\/nope\/y`, which is not installed/, /npm install @scope\/nope/],
    ["a file that is not there", `import "./other.js";\n${NS}export default ns;`, /handler\.js:1:\d+: imports `\.\/other\.js`, which does not exist/, /check the path/],
    ["a syntax error", `${NS}ns.socket.on("x" => 1);`, /handler\.js:2:\d+: Expected "\)"/],
    ["no export", NS, /does not export its namespace.*module\.exports = ns/],
    ["another export", `${NS}module.exports = { ns };`, /does not export its namespace/],
    ["an error at the top level", `${NS}function f() { null.x }\nf();\nmodule.exports = ns;`, /top level[^]*handler\.js:2:\d+[^]*handler\.js:3:1/],
    ["an error of another class", `${NS}throw new RangeError("too\\nfar");`, /threw an error\nRangeError: too\nfar\n +at .*handler\.js:2:\d+/],
    ["a call outside of handlers", `${NS}ns.emit("x");\nmodule.exports = ns;`, /works inside an event handler only[^]*handler\.js:2:\d+/],
    ["a random number for keys at the top level", `${NS}crypto.randomUUID();\nmodule.exports = ns;`, /crypto\.randomUUID works inside an event handler only/],
    ["a timer at the top level", `${NS}setTimeout(() => {}, 1);\nmodule.exports = ns;`, /setTimeout works inside an event handler only/],
    ["a request at the top level", `${NS}fetch("http://127.0.0.1/");\nmodule.exports = ns;`, /fetch works inside an event handler only/],
    ["a handler that is none", `${NS}ns.socket.on("x");\nmodule.exports = ns;`, /on: a handler is a function, not undefined/],
  ]) {
    test(what, async () => {
      const { code, stderr } = await refused({ "handler.js": text });
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^error: /);
      assert.match(stderr, message);
      assert.match(stderr, hint ?? /./);
    });
  }

  test("`module` in an ES module", async () => {
    const { stderr } = await refused({ "handler.js": `${NS}module.exports = ns;`, "package.json": `{ "type": "module" }` });
    assert.match(stderr, /module is not defined[^]*hint: this is an ES module .* `export default ns`/);
  });

  test("a file that is not there, and a folder", async () => {
    assert.deepEqual(await runBuild("nowhere.js", "-o", "x.wasm"), { code: 1, stderr: "error: there is no file nowhere.js\n" });
    assert.equal((await runBuild(SDK, "-o", "x.wasm")).code, 1);
  });

  for (const args of [[], ["a.js"], ["a.js", "b.js", "-o", "x"], ["a.js", "-o", "x", "--engine", "v8"], ["--what"]]) {
    test(`wrong usage: ${args.join(" ") || "nothing"}`, async () => {
      const { code, stderr } = await runBuild(...args);
      assert.equal(code, 2);
      assert.match(stderr, /^error: .*\n\nusage: /);
    });
  }
});

describe("bundles", () => {
  test("import `wasi:http` where the handler names `fetch`, and nowhere else", async () => {
    const imports = async (text) => {
      const dir = folder({ "handler.js": `${NS}${text}\nmodule.exports = ns;` });
      const file = join(dir, "out.wasm");
      assert.equal((await runBuild(join(dir, "handler.js"), "-o", file)).code, 0);
      return readFileSync(file).includes("wasi:http/outgoing-handler");
    };
    assert.equal(await imports("ns.socket.on('x', () => ns.fetchSockets());"), false);
    assert.equal(await imports("ns.socket.on('x', (url) => globalThis.fetch(url));"), true);
  });

  test("TypeScript, ES modules, JSON and packages of the project; stacks point into its files", async (t) => {
    const dir = folder({
      "package.json": `{ "private": true, "type": "module", "sideEffects": false, "dependencies": { "greet": "1.0.0" } }`,
      "src/handler.ts": `import { greet } from "greet";
import { EventEmitter } from "node:events";
import path from "path";
import { format } from "node:util";
import limits from "./limits.json";

interface Data {
  name: string;
}

const ns: RealtimeNamespace = new RealtimeNamespace("/ts");
const bus = new EventEmitter();
ns.socket.on("greet", ({ name }: Data) => {
  let heard = "";
  bus.once("greeting", (text: string) => (heard = text));
  bus.emit("greeting", greet(name).slice(0, limits.longest));
  return [heard, path.join("a", "..", "b"), format("%s-%d", "x", 1)];
});
ns.socket.on("fail", (data: Data) => {
  throw new Error(\`no \${data.name}\`);
});
export default ns;
`,
      "src/limits.json": `{ "longest": 9 }`,
      "node_modules/greet/package.json": `{ "name": "greet", "main": "main.js" }`,
      "node_modules/greet/main.js": `exports.greet = (name) => "Hello, " + name + "!";`,
    });
    const host = await serve(t, await component(join(dir, "src/handler.ts")));
    const client = await connect(t, host, "/ts");
    assert.deepEqual(await client.ask("greet", { name: "Ada" }), ["Hello, Ad", "b", "x-1"]);
    client.emit("fail", { name: "luck" });
    const line = await host.log(({ level }) => level === "ERROR");
    assert.match(line.message, /Error: no luck at .*\(src\/handler\.ts:20:\d+\)/);
  });

  test("a namespace is a request handler as well: 404, or next()", async (t) => {
    const dir = folder({
      "handler.js": `const ns = new RealtimeNamespace("/http");
ns.socket.on("request", () => {
  const response = { end: () => (response.ended = true) };
  ns({}, response);
  return [response.statusCode, response.ended, ns({}, {}, () => "next"), ns({}).status];
});
module.exports = ns;
`,
    });
    const host = await serve(t, await component(join(dir, "handler.js")));
    const client = await connect(t, host, "/http");
    assert.deepEqual(await client.ask("request"), [404, true, "next", 404]);
  });

  test("polyfills only where they are used", async () => {
    const dir = folder({
      "plain.js": `${NS}module.exports = ns;`,
      "url.js": `${NS}ns.socket.on("x", () => new globalThis.URL("http://x"));\nmodule.exports = ns;`,
    });
    const size = async (file) => {
      assert.equal((await runBuild(join(dir, file), "-o", join(dir, `${file}.wasm`))).code, 0);
      return readFileSync(join(dir, `${file}.wasm`)).length;
    };
    assert.ok((await size("plain.js")) + 200_000 < (await size("url.js")));
  });
});

test("types: what is right is accepted and what is wrong is not", async () => {
  const tsc = join(SDK, "node_modules/.bin/tsc");
  await promisify(execFile)(tsc, ["-p", join(SDK, "test/types")]).catch(({ stdout }) => assert.fail(stdout));
});
