/** `--reuse N`: an instance handles several events. The semantics' own tests run with fresh ones. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { LANGUAGE, startHost } from "./support/host.mjs";

const start = (t, flags, components) => startHost(t, { components, flags: ["--reuse", ...flags] });

/** How often the instance was asked this that handles the next event. */
const state = (client) => client.ask("state");

test("an instance handles N events, whoever sends them; $connect is one", async (t) => {
  const host = await start(t, ["4"]);
  // Four events: $connect, two of these, and another $connect.
  const ada = await connect(t, host);
  assert.deepEqual([await state(ada), await state(ada)], [1, 2]);
  const bob = await connect(t, host);
  assert.deepEqual([await state(bob), await state(ada), await state(bob), await state(ada)], [1, 2, 3, 4]);
});

test("events see their own socket, data and rooms; what they print is logged as theirs", async (t) => {
  const host = await start(t, ["1000"]);
  const [ada, bob] = [await connect(t, host), await connect(t, host)];
  for (const [client, name] of [[ada, "Ada"], [bob, "Bob"], [ada, "Ada L."]]) {
    assert.deepEqual(await client.ask("set", "name", name), { mode: null, name });
    assert.deepEqual(await client.ask("join", [name]), (await client.ask("info")).rooms.filter((room) => room !== name));
    assert.equal((await client.ask("info")).id, client.id);
    await client.ask("print", `I am ${name}`);
    const line = await host.log(({ target, message }) => target === "guest" && message === `I am ${name}`);
    assert.deepEqual([line.socket, line.event], [client.id, "print"]);
  }
  assert.deepEqual(await bob.ask("get"), { mode: null, name: "Bob" });
});

test("the limits of an event begin anew with each", async (t) => {
  const host = await start(t, ["1000", "--handler-commands", "20"]);
  const client = await connect(t, host);
  for (let i = 0; i < 3; i++) assert.equal((await client.ask("many", 30, 1)).taken, 20);
});

for (const [event, flags] of [
  ["trap", []],
  ["loop", ["--handler-time", "300ms"]],
]) {
  test(`an instance that ends by ${event} takes nothing with it`, async (t) => {
    const host = await start(t, ["1000", ...flags]);
    const client = await connect(t, host);
    assert.equal(await state(client), 1);
    client.emit(event);
    assert.equal(await state(client), 1);
    assert.deepEqual(client.all("before"), []);
  });
}

test("events at the same time have instances of their own", async (t) => {
  const host = await start(t, ["1000"]);
  const clients = [];
  for (let i = 0; i < 5; i++) clients.push(await connect(t, host));
  await Promise.all(clients.map((client) => client.ask("sleep", 300)));
  const states = await Promise.all(clients.map((client) => state(client)));
  assert.ok(states.every((calls) => calls >= 1));
  assert.equal((await host.status()).instances, 5, "all are kept");
});

test("an instance whose first event took much memory does not stay", async (t) => {
  const host = await start(t, ["1000"]);
  const [ada, bob] = [await connect(t, host), await connect(t, host)];
  const asleep = ada.ask("sleep", 500);
  await bob.ask("setSize", 6_000_000);
  await asleep;
  assert.equal((await host.status()).instances, 1);
});

test("an instance in which something goes on does not stay", { skip: LANGUAGE !== "js" && "nothing goes on" }, async (t) => {
  const host = await start(t, ["1000"]);
  const [ada, bob] = [await connect(t, host), await connect(t, host)];
  assert.equal(await state(ada), 1);
  await ada.ask("later", 200);
  await bob.ask("sleep", 400);
  assert.equal(await state(bob), 1, "the timer's instance is gone, and the timer with it");
  assert.deepEqual(bob.all("late"), []);
});

describe("what waits for events", () => {
  test("takes a quarter of the places at most", async (t) => {
    const host = await start(t, ["1000", "--handlers", "8"]);
    const clients = [];
    for (let i = 0; i < 8; i++) clients.push(await connect(t, host));
    await Promise.all(clients.map((client) => client.ask("sleep", 300)));
    assert.equal((await host.status()).instances, 2);
  });

  test("is not shared between namespaces", { skip: LANGUAGE !== "rust" && "one component on two namespaces" }, async (t) => {
    const host = await start(t, ["1000"], ["/a=nameless", "/b=nameless"]);
    const [a, b] = [await connect(t, host, "/a"), await connect(t, host, "/b")];
    assert.deepEqual([await a.ask("name"), await b.ask("name"), await a.ask("name")], ["/a", "/b", "/a"]);
  });

  test("ends when its memory has grown", async (t) => {
    const host = await start(t, ["1000"]);
    const client = await connect(t, host);
    assert.equal(await state(client), 1);
    assert.notEqual(await client.ask("setSize", 6_000_000), "ok");
    assert.equal(await state(client), 1);
  });
});
