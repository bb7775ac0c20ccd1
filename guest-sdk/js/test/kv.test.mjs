/**
 * `kv`: what JavaScript adds to the key-value store, whose semantics `tests/e2e/state.test.mjs` tests in every language
 * (`HOST_TEST_LANGUAGE=js`).
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";

import { bundle } from "../src/build/bundle.mjs";
import { handlerOf } from "../src/build/project.mjs";
import { component, connect, folder, runBuild, runHost, serve } from "./support/components.mjs";

const ENGINE = process.env.GUEST_SDK_ENGINE ?? "quickjs";

let handler;
before(async () => {
  handler = await component("kv.js", "--engine", ENGINE);
});

async function start(t, options) {
  const host = await serve(t, handler, options);
  const client = await connect(t, host, "/kv");
  return { host, client, ask: (...args) => client.ask(...args), call: (...args) => client.ask("call", ...args) };
}

describe("values", () => {
  test("every kind of JSON, and null for what is absent", async (t) => {
    const { call } = await start(t);
    for (const value of ["grüße 😀 \ud800", "", 1.5, -0, true, false, null, [], {}, { a: [{ "": null }] }, "x".repeat(100_000), "ü".repeat(10_000)]) {
      await call("set", "k", value);
      assert.deepEqual(await call("get", "k"), JSON.parse(JSON.stringify(value)));
      assert.equal(await call("has", "k"), true);
    }
    assert.equal(await call("delete", "k"), true);
    assert.deepEqual([await call("get", "k"), await call("has", "k"), await call("delete", "k")], [null, false, false]);
  });

  test("bytes of every kind come back as a Uint8Array with a buffer of its own", async (t) => {
    const { ask } = await start(t);
    const bytes = Buffer.from([0, 34, 255]);
    const found = await ask("binary", bytes);
    assert.deepEqual(found, [bytes, bytes, bytes, bytes, bytes.subarray(1, 2)].map((value) => [true, value]));
  });

  for (const [value, expected] of [
    ["undefined", "kv.set: a value is JSON or bytes, not undefined"],
    ["function", "kv.set: a value is JSON or bytes, not function"],
    ["symbol", "kv.set: a value is JSON or bytes, not symbol"],
    ["nested", "kv.set: bytes inside of a value cannot be kept: a value is JSON, or bytes alone"],
  ]) {
    test(`not ${value}`, async (t) => {
      const { ask } = await start(t);
      assert.deepEqual(await ask("set", value), { name: "TypeError", code: null, message: expected });
    });
  }

  test("what JSON.stringify makes of others", async (t) => {
    const { ask } = await start(t);
    assert.equal((await ask("set", "bigint")).name, "TypeError");
    assert.equal(await ask("set", "date"), "1970-01-01T00:00:00.000Z");
    assert.equal(await ask("set", "not a number"), null);
  });
});

describe("calls", () => {
  test("increment adds 1 unless it is told otherwise; a time to live is for a new number", async (t) => {
    const { call } = await start(t);
    assert.deepEqual([await call("increment", "n"), await call("increment", "n", 2)], [1, 3]);
    assert.equal(await call("increment", "big", Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    assert.equal(await call("increment", "short", 5, 1), 5);
    while (await call("has", "short"));
    assert.equal(await call("increment", "short", 1, 60_000), 1);
  });

  test("increment subtracts, but with StarlingMonkey", async (t) => {
    const { call } = await start(t);
    const sum = await call("increment", "n", -3);
    if (ENGINE === "quickjs") assert.equal(sum, -3);
    else assert.equal(sum.message, "kv.increment: with StarlingMonkey nothing can be subtracted, use kv.update");
    await call("set", "n", -Number.MAX_SAFE_INTEGER);
    assert.equal(await call("increment", "n"), 1 - Number.MAX_SAFE_INTEGER);
  });

  test("compareAndSet: null is what get gives where nothing is, as the expected value and as the new one", async (t) => {
    const { call } = await start(t);
    const swap = (...args) => call("compareAndSet", "k", ...args);
    assert.equal(await swap({ a: 1 }, 1), false);
    assert.equal(await swap(null, { a: 1 }), true);
    assert.equal(await swap(null, 2), false);
    assert.equal(await swap({ a: 1 }, null), true);
    assert.equal(await call("has", "k"), false);
    await call("set", "k", null);
    assert.equal(await swap(null, "b", 1), true);
    while (await call("has", "k"));
    assert.equal(await swap("b", "c"), false);
    assert.deepEqual(await call("set", "k", Buffer.from([1])), null);
    assert.deepEqual([await swap(Buffer.from([2]), 1), await swap(Buffer.from([1]), 1)], [false, true]);
  });

  test("getMany, setMany and deleteMany take arrays and what is like them", async (t) => {
    const { ask } = await start(t);
    assert.deepEqual(await ask("many"), [[1, null, "3"], [[2]], 2]);
  });

  test("list and keys: prefix, after, limit", async (t) => {
    const { call, ask } = await start(t);
    const pairs = Array.from({ length: 250 }, (_, i) => [`k${String(i).padStart(3, "0")}`, { i }]);
    await call("setMany", pairs);
    await call("set", "other", Buffer.from([7]));
    const keys = (pairs) => pairs.map(([key]) => key);
    for (const [options, expected] of [
      [{}, pairs],
      [{ after: "k1" }, pairs.slice(100)],
      [{ after: "k100", limit: 2 }, pairs.slice(101, 103)],
      [{ limit: 150 }, pairs.slice(0, 150)],
      [{ limit: 0 }, []],
      [{ limit: -1, after: null }, []],
    ]) {
      assert.deepEqual(await ask("list", "k", options), [expected, keys(expected)]);
    }
    assert.deepEqual(await ask("list", "o"), [[["other", Buffer.from([7])]], ["other"]]);
    assert.deepEqual(await ask("list", "none"), [[], []]);
    assert.equal(await ask("list all"), 251);
    assert.equal(await call("clear", "k"), 250);
    assert.equal(await call("clear"), 1);
  });

  test("a list may be left, and gone through by hand", async (t) => {
    const { call, ask } = await start(t);
    await call("setMany", { k0: 0, k1: 1, k2: 2 });
    assert.equal(await ask("leave a list"), "k1");
    assert.deepEqual(await ask("step by step"), [["k0", false], ["k1", false]]);
  });
});

describe("update", () => {
  test("waits for an async function, and keeps what it returns", async (t) => {
    const { call, ask } = await start(t);
    assert.equal(await ask("update", "later"), 1);
    assert.equal(await ask("update", "later", { ttlMs: 1 }), 2);
    while (await call("has", "key"));
    await call("set", "key", [0]);
    assert.deepEqual(await ask("update", "in place"), [0, 1]);
    assert.deepEqual(await call("get", "key"), [0, 1]);
    assert.equal(await ask("update", "delete"), null);
    assert.equal(await call("has", "key"), false);
  });

  test("a function that returns nothing, or throws, changes nothing", async (t) => {
    const { call, ask } = await start(t);
    await call("set", "key", 1);
    assert.match((await ask("update", "nothing")).message, /^kv\.update: the function returned nothing: it returns the new value/);
    assert.deepEqual(await ask("update", "throws"), { name: "RangeError", code: null, message: "not today" });
    assert.equal(await call("get", "key"), 1);
  });

  test("gives up where others are always faster", async (t) => {
    const { call, ask } = await start(t);
    const message = "kv.update: `key` was changed by others 3 times meanwhile";
    assert.deepEqual(await ask("update", "slow", { attempts: 3 }), { name: "KvError", code: "conflict", message });
    assert.equal(await call("get", "key"), 3);
    assert.match((await ask("update", "slow")).message, /100 times/);
  });
});

describe("errors", () => {
  test("of the store have a code, and name the call", async (t) => {
    const { call } = await start(t, { flags: ["--kv-max-key", "8B", "--kv-max-value", "10B", "--kv-max-size", "1kB"] });
    const kvError = (code, message) => ({ name: "KvError", code, message });
    assert.deepEqual(await call("get", "123456789"), kvError("key-too-long", "kv.get: a key has more than 8 bytes"));
    assert.deepEqual(await call("set", "k", "123456789"), kvError("value-too-large", "kv.set: the value has more than 10 bytes"));
    assert.deepEqual(await call("set", "k", 1, 0), kvError("invalid-ttl", "kv.set: a time to live is between 1 ms and 100 years"));
    assert.equal((await call("set", "k", 1, 1e300)).code, "invalid-ttl");
    await call("set", "k", "x");
    assert.equal((await call("increment", "k")).code, "not-a-number");
    assert.equal((await call("setMany", Array.from({ length: 100 }, (_, i) => [`k${i}`, i]))).code, "quota-exceeded");
    assert.equal((await call("getMany", Array(2000).fill("k"))).code, "too-much");
  });

  for (const [call, args, message] of [
    ["get", [], "kv.get: a key is a string, not undefined"],
    ["set", ["k", 1, "soon"], "kv.set: a time to live is a number of milliseconds, not string"],
    ["increment", ["k", 0.5], "kv.increment: what is added is a whole number, not 0.5"],
    ["getMany", ["k"], "kv.getMany: keys are an array, not string"],
    ["setMany", [1], "kv.setMany: values are an object, a Map or an array of pairs, not number"],
    ["deleteMany", [[null]], "kv.deleteMany: a key is a string, not null"],
    ["update", ["k", 1], "kv.update takes a function, not number"],
  ]) {
    test(`wrong arguments: ${message}`, async (t) => {
      const { call: kv } = await start(t);
      assert.deepEqual(await kv(call, ...args), { name: "TypeError", code: null, message });
    });
  }

  test("that nobody handles are logged, and the event goes on; others are not", async (t) => {
    const { host, client, ask, call } = await start(t);
    client.emit("caught");
    client.emit("not awaited");
    const line = await host.log(({ target, message }) => target === "guest" && message.includes("Unhandled rejection"));
    assert.equal(line.event, "not awaited");
    assert.match(line.message, /KvError: kv\.set: a key has more than 1024 bytes at .*kv\.js:\d+:\d+/);
    assert.equal(await call("get", "kept"), true);
    assert.equal(await ask("frozen").then(({ name }) => name), "TypeError");
    assert.equal(host.lines.filter(({ message }) => message.includes?.("Unhandled")).length, 1);
  });

  test("at the top level it is one of the build, which says where kv works", async () => {
    const calls = "[() => kv.get('a'), () => kv.update('a', () => 1), () => kv.list()]";
    const text = `const said = ${calls}.map((call) => { try { call() } catch (error) { return error.message } });\nthrow new Error(said.join("; "));`;
    const dir = folder({ "handler.js": text });
    const { code, stderr } = await runBuild(join(dir, "handler.js"), "-o", join(dir, "out.wasm"), "--engine", ENGINE);
    assert.equal(code, 1);
    for (const name of ["get", "update", "list"]) assert.ok(stderr.includes(`kv.${name} works inside an event handler only`), stderr);
  });
});

describe("bookkeeping", () => {
  test("promises are settled when the call returns", async (t) => {
    const { ask } = await start(t);
    assert.deepEqual(await ask("settled"), [true, ["first", 1]]);
  });

  test("a call counts as waiting: what socket.data has then is kept, whatever comes", async (t) => {
    const { host, client, ask, call } = await start(t);
    client.emit("data, then a trap");
    await host.log(({ level, event }) => level === "ERROR" && event === "data, then a trap");
    assert.equal(await call("get", "trapped"), true);
    assert.deepEqual(await ask("data"), { before: true });
  });
});

describe("a component imports the store", () => {
  /** Whether the handler's component will. */
  async function imports(files, file = "handler.js") {
    const { uses } = await bundle(handlerOf(join(folder(files), file)), { engine: ENGINE });
    return uses.includes("kv");
  }

  const NS = "const ns = new RealtimeNamespace('/x');\n";

  test("as the host sees it", async () => {
    const dir = folder({ "handler.js": `${NS}module.exports = ns;` });
    const without = join(dir, "out.wasm");
    assert.equal((await runBuild(join(dir, "handler.js"), "-o", without, "--engine", ENGINE)).code, 0);
    const inspected = async (file) => (await runHost(["inspect", file])).stdout;
    assert.match(await inspected(join(process.env.HOST_GUESTS, `${handler}.wasm`)), /^keeps +state.*[^]*realtime:gateway\/kv@/m);
    assert.doesNotMatch(await inspected(without), /kv/);
  });

  test("where the handler names it, in JavaScript and TypeScript", async () => {
    assert.equal(await imports({ "handler.js": `${NS}ns.socket.on('x', () => kv.get('a'));\nmodule.exports = ns;` }), true);
    assert.equal(await imports({ "handler.js": `${NS}ns.socket.on('x', () => globalThis.kv.get('a'));\nmodule.exports = ns;` }), true);
    const typed = `declare const kv: { get<T>(key: string): Promise<T | null> };\n${NS}ns.socket.on('x', () => kv.get<number>('a'));\nexport default ns;`;
    assert.equal(await imports({ "handler.ts": typed }, "handler.ts"), true);
  });

  test("where a package names it", async () => {
    const files = {
      "handler.js": `const { visits } = require("counter");\n${NS}ns.socket.on('x', visits);\nmodule.exports = ns;`,
      "node_modules/counter/index.js": `exports.visits = async () => kv.increment("visits");`,
    };
    assert.equal(await imports(files), true);
  });

  test("and nowhere else: not for variables, properties and text of that name", async () => {
    const own = `const kv = new Map();\n${NS}ns.socket.on('x', (data) => [kv.get('a'), data.kv, "kv.get"]);\nmodule.exports = ns;`;
    assert.equal(await imports({ "handler.js": own }), false);
    const imported = `import { kv } from "./store.js";\n${NS}ns.socket.on('x', ({ kv: key }) => kv.get(key));\nexport default ns;`;
    assert.equal(await imports({ "handler.js": imported, "store.js": "export const kv = new Map();" }), false);
  });

  test("what a package has set, the handler reads", async (t) => {
    const dir = folder({
      "handler.js": `const { visits } = require("counter");\nconst ns = new RealtimeNamespace("/kv");\nns.socket.on("visit", async () => [await visits(), await kv.get("visits")]);\nmodule.exports = ns;`,
      "node_modules/counter/index.js": `exports.visits = async () => kv.increment("visits");`,
    });
    const client = await connect(t, await serve(t, await component(join(dir, "handler.js"), "--engine", ENGINE)), "/kv");
    assert.deepEqual(await client.ask("visit"), [1, 1]);
    assert.deepEqual(await client.ask("visit"), [2, 2]);
  });
});

/** The first example in JavaScript behind a line of a page of the documentation. */
function example(page, line) {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), "utf8");
  const [, code] = text.slice(text.indexOf(`${line}\n`)).match(/```js\n([^]*?)```/);
  return code;
}

test("the examples of the documentation", async (t) => {
  const examples = [example("state.md", "# State"), example("handlers-javascript.md", "## The key-value store")];
  const dir = folder({ "handler.js": `const ns = new RealtimeNamespace("/kv");\n${examples.join("\n")}\nmodule.exports = ns;` });
  const host = await serve(t, await component(join(dir, "handler.js"), "--engine", ENGINE));
  const [ada, bob] = [await connect(t, host, "/kv"), await connect(t, host, "/kv")];
  assert.deepEqual([await ada.next("visits"), await bob.next("visits")], [[1], [2]]);
  assert.equal(await ada.ask("name"), null);
  ada.emit("rename", "Ada");
  await Promise.all([1, 2, 3].flatMap((i) => [ada.ask("add", i), bob.ask("add", -i)]));
  assert.deepEqual((await bob.ask("add", 0)).toSorted((a, b) => a - b), [-3, -2, -1, 0, 1, 2, 3]);
  assert.equal(await ada.ask("name"), "Ada");
  for (const text of ["1", "2", "3", "4"]) ada.emit("message", text);
  await host.log(({ level, message }) => level === "ERROR" && message.includes("too many messages"));
  for (const text of ["1", "2", "3"]) assert.deepEqual(await bob.next("message"), [text]);
  ada.emit("score", "bob", 2);
  ada.emit("score", "ada", 3);
  assert.deepEqual(await ada.ask("scores"), [["ada", 3], ["bob", 2]]);
});
