/** When an event ends: nothing that a handler started is lost without a word. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { component, connect, serve } from "./support/components.mjs";

const ENGINE = process.env.GUEST_SDK_ENGINE ?? "quickjs";

let ending;
before(async () => {
  ending = await component("ending.js", "--engine", ENGINE);
});

async function start(t) {
  const host = await serve(t, ending);
  const client = await connect(t, host, "/ending");
  return { host, client, ask: (...args) => client.ask(...args) };
}

const line = (event, text) => (line) => line.target === "guest" && line.event === event && line.message.includes(text);

describe("an acknowledgement that is given after the handler has returned", () => {
  for (const event of ["microtask", "timer", "default", "rest", "async"]) {
    test(event, async (t) => {
      const { ask } = await start(t);
      assert.equal(await ask(event, 7), 7);
    });
  }

  test("then", async (t) => {
    const { ask } = await start(t);
    assert.equal(await ask("then", 1), 2);
  });

  test("keeps no timers of handlers that do not take the callback: they are dropped, and the log says so once", async (t) => {
    const { host, client } = await start(t);
    client.socket.emit("not taken", 1, () => {});
    const { level, message, socket } = await host.log(line("not taken", "dropped"));
    assert.deepEqual([level, socket], ["WARN", client.id]);
    assert.match(message, /^2 timers are dropped, as the event `not taken` has ended/);
    await client.ask("data");
    assert.deepEqual(client.all("late"), []);
    assert.equal(host.lines.filter(line("not taken", "dropped")).length, 1);
  });

  test("that never comes does not hold up the socket", async (t) => {
    const { client, ask } = await start(t);
    client.socket.emit("never called", 1, () => assert.fail("acknowledged"));
    assert.deepEqual(await ask("data"), {});
  });
});

describe("work that nobody waits for", () => {
  test("is done, with what it emits and changes", async (t) => {
    const { client, ask } = await start(t);
    client.emit("turns");
    assert.deepEqual(await client.next("done"), ["turns"]);
    assert.deepEqual(await ask("data"), { turns: true });
    assert.equal(await ask("ack, then work"), "first");
    assert.deepEqual(await client.next("done"), ["work"]);
  });

  test("a timer that it sets is dropped, and the log says so", async (t) => {
    const { host, client } = await start(t);
    client.emit("late timer");
    await host.log(line("late timer", "1 timer is dropped"));
  });
});

describe("an error that nobody handles is logged with its stack, event and socket", () => {
  for (const event of [
    "an async function",
    "one that fails later",
    "one in an async function",
    "one that returns another",
    "a callback of then",
    "then without a handler",
    "Promise.reject",
    "a constructor",
    "Promise.all",
    "a timer",
    "an async timer",
    "a microtask",
    "a command",
    "a promise that is waited for in vain",
  ]) {
    test(event, async (t) => {
      const { host, client } = await start(t);
      client.emit(event);
      const { level, message, socket, namespace } = await host.log(line(event, "the disk is full"));
      assert.deepEqual([level, namespace, socket], ["ERROR", "/ending", client.id]);
      assert.match(message, /^(Unhandled rejection|Uncaught in a (timer|microtask)): .*the disk is full.* at .*ending\.js:\d+:\d+/);
      await client.ask("data");
      assert.equal(host.lines.filter(line(event, "the disk is full")).length, 1);
    });
  }

  test("one that somebody handles is not", async (t) => {
    const { host, ask } = await start(t);
    const seen = await ask("handled");
    assert.deepEqual(seen, ["1", "2", "3", "5", "6", "7", "10", "12", "13", "14"]);
    assert.deepEqual(host.lines.filter(({ target }) => target === "guest"), []);
  });
});
