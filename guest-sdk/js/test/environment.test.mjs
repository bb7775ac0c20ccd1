/** `process.env`: what is granted is read in handlers, and nothing else is silently taken for it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";

import { component, connect, folder, runBuild, serve } from "./support/components.mjs";

/** A package that reads while it is loaded, and on behalf of who calls it. */
const PACKAGE = {
  "node_modules/settings/index.js": `
exports.loaded = [process.env.NODE_ENV, process.env.SECRET ?? "none", Object.keys(process.env).length];
exports.own = () => process.env.SECRET ?? "dev";
exports.from = (env) => env.SECRET ?? "dev";
exports.later = async (env) => { await null; return env.SECRET ?? "dev"; };
exports.debug = () => process.env.DEBUG ?? "off";
`,
};

const handler = (text) => ({ "handler.js": `const ns = new RealtimeNamespace("/env");\n${text}\nmodule.exports = ns;`, ...PACKAGE });

describe("at the top level of the handler's own files it is an error of the build", () => {
  for (const [what, text, said] of [
    ["a variable", "const secret = process.env.SECRET || 'dev';", /`process\.env\.SECRET` is read .*read it in the handler\n.*\(handler\.js:2:16\)/],
    ["destructuring", "const { SECRET = 'dev' } = process.env;", /`process\.env\.SECRET` is read/],
    ["through a global object", "const secret = globalThis.process?.env?.SECRET;", /`process\.env\.SECRET` is read/],
    ["whether it is there", "const has = 'SECRET' in process.env;", /`process\.env\.SECRET` is read/],
    ["all of them", "const all = { ...process.env };", /`process\.env` is listed/],
    ["a variable that is set", "process.env.SECRET = 'x';", /`process\.env\.SECRET` is read/],
    ["inside `try`", "let s; try { s = process.env.SECRET } catch { s = 'dev' }", /`process\.env\.SECRET` is read/],
    ["in a function that the top level calls", "const read = () => process.env.SECRET; read();", /`process\.env\.SECRET` is read/],
    ["by a package that gets it", "require('settings').from(process.env);", /`process\.env\.SECRET` is read .*\n.*node_modules.*\n.*handler\.js:2/],
    ["by a package that is called", "require('settings').own();", /`process\.env\.SECRET` is read/],
  ]) {
    test(what, async () => {
      const dir = folder(handler(text));
      const { code, stderr } = await runBuild(join(dir, "handler.js"), "-o", join(dir, "out.wasm"));
      assert.equal(code, 1, stderr);
      assert.match(stderr, said);
    });
  }
});

test("what is kept reads late; packages get that of a production build", async (t) => {
  const dir = folder(handler(`
const settings = require("settings");
const { env } = process;
const off = settings.debug();
ns.socket.on("env", () => [env.SECRET, process.env.SECRET, settings.own(), settings.from(env), Object.keys(env)]);
ns.socket.on("loaded", () => [...settings.loaded, off]);
let late = "unset";
settings.later(env).then((secret) => (late = secret), () => {});
ns.socket.on("late", () => late);
ns.socket.on("mode", () => [process.env.NODE_ENV, env.NODE_ENV]);
`));
  const host = await serve(t, await component(join(dir, "handler.js")), { flags: ["--env", "SECRET=given"] });
  const client = await connect(t, host, "/env");
  assert.deepEqual(await client.ask("env"), ["given", "given", "given", "given", ["SECRET"]]);
  assert.deepEqual(await client.ask("loaded"), ["production", "none", 1, "off"]);
  assert.notEqual(await client.ask("late"), "dev", "what goes on after the top level is not silently something else");
  assert.deepEqual(await client.ask("mode"), ["production", "production"]);
});
