/**
 * `ns.schedule`: what JavaScript adds to schedules, whose semantics `tests/e2e/scheduled.test.mjs` tests in every language
 * (`HOST_TEST_LANGUAGE=js`).
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { bundle } from "../src/build/bundle.mjs";
import { handlerOf } from "../src/build/project.mjs";
import { component, connect, folder, runBuild, runHost, serve } from "./support/components.mjs";

const ENGINE = process.env.GUEST_SDK_ENGINE ?? "quickjs";
const NS = "const ns = new RealtimeNamespace('/x');\n";

test("a handler gets the time at which it was due, as a Date, and has no socket; an error is logged with its stack", async (t) => {
  const host = await serve(t, await component("schedule.js", "--engine", ENGINE));
  const client = await connect(t, host, "/schedule");
  const [first] = await client.next("ran");
  const [second] = await client.next("ran");
  assert.equal(second.runs, first.runs + 1);
  const { runs, ...seen } = second;
  assert.deepEqual(seen, { isNamespace: true, due: 0, given: 1, socket: "not-connected", data: {} });
  assert.ok((await client.ask("count")) >= runs);
  const failed = await host.log(({ level, event }) => level === "ERROR" && event === "every 1s #2");
  assert.match(failed.message, /RangeError: too far at .*schedule\.js:\d+:\d+/);
  const dropped = await host.log(({ level, event }) => level === "WARN" && event === "every 1s");
  assert.match(dropped.message, /^1 timer is dropped, as the event `every 1s` has ended/);
  assert.deepEqual(client.all("late"), []);
});

test("the example of the documentation", async (t) => {
  const page = readFileSync(new URL("../../../docs/schedules.md", import.meta.url), "utf8");
  const [, example] = page.match(/```js\n([^]*?)```/);
  const dir = folder({ "handler.js": `${example.replace("every 10s", "every 1s")}\nmodule.exports = ns;` });
  const file = await component(join(dir, "handler.js"), "--engine", ENGINE);
  const host = await serve(t, file);
  assert.deepEqual(await (await connect(t, host, "/shop")).next("tick"), []);
  const { stdout } = await runHost(["inspect", join(process.env.HOST_GUESTS, `${file}.wasm`)]);
  assert.match(stdout, /^schedules +every 1s\n +0 9 \* \* mon Europe\/Berlin$/m);
});

describe("a component exports its schedules", () => {
  const exportsThem = async (text) => {
    const { uses } = await bundle(handlerOf(join(folder({ "handler.js": text }), "handler.js")), { engine: ENGINE });
    return uses.includes("schedules");
  };

  test("where the handler has some, and nowhere else", async () => {
    assert.equal(await exportsThem(`${NS}ns.schedule("every 1h", () => {});\nmodule.exports = ns;`), true);
    assert.equal(await exportsThem(`${NS}const add = "schedule"; ns[add]("every 1h", () => {});\nmodule.exports = ns;`), true);
    assert.equal(await exportsThem(`${NS}// schedule\nns.socket.on("scheduled", () => {});\nmodule.exports = ns;`), false);
  });

  test("also where only something else is called so: then it has none", async (t) => {
    const dir = folder({ "handler.js": `${NS}ns.socket.on("x", (event) => event.schedule ?? "none");\nmodule.exports = ns;` });
    const client = await connect(t, await serve(t, await component(join(dir, "handler.js"), "--engine", ENGINE)), "/x");
    assert.equal(await client.ask("x", {}), "none");
  });
});

describe("what cannot be registered", () => {
  test("arguments of the wrong type are errors of the build", async () => {
    const calls = ["['every 1s']", "[1, () => {}]", "['0 9 * * 1', () => {}, 'UTC']", "['0 9 * * 1', 'UTC', 1]"];
    const text = `${NS}const said = [${calls}].map((args) => { try { ns.schedule(...args) } catch (error) { return error.message } });
throw new Error(said.join("; "));`;
    const dir = folder({ "handler.js": text });
    const { code, stderr } = await runBuild(join(dir, "handler.js"), "-o", join(dir, "out.wasm"), "--engine", ENGINE);
    assert.equal(code, 1);
    const expected = [
      "schedule: a handler is a function, not undefined",
      "schedule: times and a time zone are strings, not number",
      "schedule: times and a time zone are strings, not function",
      "schedule: a handler is a function, not number",
    ];
    assert.ok(stderr.includes(expected.join("; ")), stderr);
  });

  test("a schedule in a handler is an error", async (t) => {
    const dir = folder({ "handler.js": `${NS}ns.socket.on("x", () => { ns.schedule("every 1s", () => {}); });\nmodule.exports = ns;` });
    const host = await serve(t, await component(join(dir, "handler.js"), "--engine", ENGINE));
    (await connect(t, host, "/x")).emit("x");
    const { message } = await host.log(({ level }) => level === "ERROR");
    assert.match(message, /schedule inside a handler has no effect.*register at the top level/);
  });

  test("times that the host does not take are an error at start", async (t) => {
    const dir = folder({ "handler.js": `${NS}ns.schedule("every now and then", () => {});\nmodule.exports = ns;` });
    const file = await component(join(dir, "handler.js"), "--engine", ENGINE);
    await assert.rejects(serve(t, file), /every now and then/);
  });
});
