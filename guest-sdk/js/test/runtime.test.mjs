/** Parts of the runtime and of the build that need no engine. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import util from "node:util";

import { instrumented } from "../src/build/instrument.mjs";
import { format } from "../src/runtime/format.js";

test("console formats as Node does", () => {
  class Named {
    toString() {
      return "named";
    }
  }
  const values = ["text", 1.5, -0, 12n, true, null, undefined, Symbol("s"), "12.7px", [], { a: 1 }, new Named(), NaN];
  const formats = ["%s", "%d", "%i", "%f", "%j", "%c", "%%", "%x", "100%", "%s and %s", "%s%%%d", "%"];
  for (const first of formats) {
    assert.equal(format([first]), util.format(first));
    for (const value of values) {
      if (typeof value === "bigint" && first === "%j") continue;
      assert.equal(format([first, value]), util.format(first, value), `${first} ${String(value)}`);
      assert.equal(format([first, value, "more", 2]), util.format(first, value, "more", 2));
    }
  }
  const circle = {};
  circle.circle = circle;
  assert.equal(format(["%j", circle]), "[Circular]");
  assert.equal(format([1, "a", { b: 2 }]), "1 a { b: 2 }");
  assert.equal(format(["%s", { a: { b: 1 } }]), "{ a: [Object] }");
});

describe("async functions in a bundle", () => {
  /** Runs code that was instrumented; returns what it reported and what it returned. */
  async function run(code) {
    const seen = [];
    const text = instrumented(code).code.replace(/\/\/ Appended[^]*/, "").replace("export default", "const main =");
    const body = `"use strict"; let __realtime_running = 0; ${text}; return [main, () => __realtime_running];`;
    const make = new Function("__realtime_thrown", "__realtime_caught", body);
    const thrown = (error) => (seen.push(`thrown ${error}`), error);
    const [main, running] = make(thrown, (error) => seen.push(`caught ${error}`));
    const result = await main().catch((error) => `failed ${error}`);
    assert.equal(running(), 0);
    return [result, ...seen];
  }

  for (const [what, code, ...expected] of [
    ["a function", "export default async function () { throw 1 }", "failed 1", "thrown 1"],
    ["an arrow", "export default async () => { throw 1 }", "failed 1", "thrown 1"],
    ["an arrow with an expression", "export default async () => ({ a: 1 })", { a: 1 }],
    ["arrows that end together", "const f = async () => async () => async () => 3; export default async () => (await (await f())())()", 3],
    ["an empty body", "const f = async () => {}; export default async () => f()", undefined],
    ["a method", "const o = { async f() { throw this.x }, x: 2 }; export default async () => o.f()", "failed 2", "thrown 2"],
    ["this and arguments", "export default async () => (async function () { return [this, ...arguments] }).call(1, 2)", [1, 2]],
    ["a catch", "const f = async () => { throw 1 }; export default async () => { try { await f() } catch (e) { return e + 1 } }", 2, "thrown 1", "caught 1"],
    ["a catch without a name", "const f = async () => { throw 1 }; export default async () => { try { await f() } catch { return 3 } }", 3, "thrown 1", "caught 1"],
    ["a catch with a pattern", "const f = async () => { throw [7] }; export default async () => { try { await f() } catch ([x]) { return x } }", 7, "thrown 7", "caught 7"],
    ["a generator", "async function* g() { yield 1; yield 2 } export default async () => { const all = []; for await (const x of g()) all.push(x); return all }", [1, 2]],
    ["functions of one name", "export default async () => { function f() { return 1 } function f() { return 2 } return f() }", 2],
  ]) {
    test(what, async () => {
      assert.deepEqual(await run(code), expected);
    });
  }

  test("positions are moved with the code", () => {
    const code = 'let f=async()=>1,mark1=1;\nlet g=async()=>{try{mark2}catch{mark3}},mark4=2;let mark2,mark3;export{f,g,mark1,mark4};';
    const { code: made, moved } = instrumented(code);
    for (const mark of ["mark1", "mark2", "mark3", "mark4"]) {
      const row = code.split("\n").findIndex((line) => line.includes(mark));
      const column = (text) => text.split("\n")[row].indexOf(mark);
      assert.equal(moved(row, column(code)), column(made), mark);
    }
  });
});
