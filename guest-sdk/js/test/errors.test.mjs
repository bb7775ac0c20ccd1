/** What errors say. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";

import { component, connect, serve } from "./support/components.mjs";

const ENGINE = process.env.GUEST_SDK_ENGINE ?? "quickjs";
const QUICKJS = ENGINE === "quickjs";

let errors;
before(async () => {
  errors = await component("errors.js", "--engine", ENGINE);
});

async function start(t) {
  const host = await serve(t, errors);
  const client = await connect(t, host, "/errors");
  return { host, client, ask: (...args) => client.ask(...args) };
}

const source = readFileSync(new URL("handlers/errors.js", import.meta.url), "utf8").split("\n");
const lineOf = (text) => source.findIndex((line) => line.includes(text)) + 1;

describe("error.stack, read in a handler, is that of Node", () => {
  for (const [event, head, place] of [
    ["stack", "Error: the message", "the message"],
    ["stack of a class", "Far: too far", "new Far"],
    ["stack after a wait", "Error: in deep", "in deep"],
  ]) {
    test(event, async (t) => {
      const { ask } = await start(t);
      const [first, ...frames] = (await ask(event)).split("\n");
      assert.equal(first, head);
      assert.match(frames[0], new RegExp(`^    at .*errors\\.js:${lineOf(place)}:\\d+\\)?$`));
      assert.ok(frames.every((frame) => /^    at .*errors\.js:\d+:\d+\)?$/.test(frame)), frames.join("\n"));
    });
  }

  test("captureStackTrace", { skip: !QUICKJS }, async (t) => {
    const { ask } = await start(t);
    assert.match(await ask("captured"), /^Plain\n    at .*errors\.js:\d+:\d+/);
  });

  test("one that a handler has set stays", async (t) => {
    const { ask } = await start(t);
    assert.equal(await ask("own stack"), "mine");
  });
});

describe("the log says", () => {
  for (const [event, message, ...args] of [
    ["method", /TypeError: ns\.socket\.send is not a function at .*errors\.js/],
    ["property of nothing", /TypeError: .*(emitt|brodcast).* at .*errors\.js/],
    ["argument", /TypeError: given is not a function/, 1],
    ["callback", QUICKJS ? /TypeError: what was given to `map` is not a function/ : /TypeError: .*not a function/],
    ["object", /thrown: \{ code: 7, text: 'details' \}/],
    ["circle of causes", /^handler failed: Error: round at .*caused by Error: round/],
    ["socket property", /TypeError: ns\.socket\.username is lost when the event ends: keep it in `ns\.socket\.data\.username` at/],
    ["namespace property", /TypeError: ns\.counter is lost when the event ends: keep it in `ns\.socket\.data\.counter`/],
    ["assign", /TypeError: ns\.socket\.username is lost when the event ends/],
  ]) {
    test(`${event}: ${message}`, async (t) => {
      const { host, client, ask } = await start(t);
      client.emit(event, ...args);
      const line = await host.log((line) => line.level === "ERROR" && line.event === event);
      assert.match(line.message, message);
      assert.equal(await ask("echo", 1), 1);
    });
  }

  test("what is long in time that is linear", async (t) => {
    const { host, client, ask } = await start(t);
    client.emit("spaces");
    await host.log((line) => line.level === "ERROR" && /^handler failed: Error: a /.test(line.message));
    assert.equal(await ask("echo", 1), 1);
  });

  test("a promise that never settles", { skip: !QUICKJS }, async (t) => {
    const { host, client } = await start(t);
    client.emit("never");
    const { message } = await host.log((line) => line.level === "ERROR" && line.event === "never");
    assert.equal(message, "handler trapped: the handler waits for a promise that never settles: nothing is left that could settle it");
  });

  test("recursion without an end", { skip: !QUICKJS }, async (t) => {
    const { host, client } = await start(t);
    client.emit("recursion", 1);
    const { message } = await host.log((line) => line.level === "ERROR" && line.event === "recursion");
    assert.match(message, /call stack exhausted|stack overflow|too much recursion/i);
    assert.doesNotMatch(message, /function \d+/);
  });
});

test("properties that are set at the top level are there in every event", async (t) => {
  const { ask } = await start(t);
  assert.deepEqual(await ask("top level"), ["kept", "kept"]);
});
