/** A component that knows only `wasi:keyvalue`, on the store that others use by the contract's names. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "./support/clients.mjs";
import { guest, LANGUAGE, runHost, startHost } from "./support/host.mjs";

async function kv(client, call, ...args) {
  const { ok, error } = await client.ask("kv", call, args);
  if (error !== undefined) throw new Error(error);
  return ok;
}

const start = async (t, ...flags) => {
  const host = await startHost(t, { components: ["keyvalue"], flags });
  return connect(t, host, "/keyvalue");
};

test("what one event sets, later ones read", async (t) => {
  const client = await start(t);
  assert.equal(await kv(client, "get", "a"), null);
  await kv(client, "set", "a", "grüße");
  assert.equal(await kv(client, "get", "a"), "grüße");
  assert.equal(await kv(client, "exists", "a"), true);
  await kv(client, "delete", "a");
  await kv(client, "delete", "a");
  assert.equal(await kv(client, "exists", "a"), false);
  await kv(client, "setMany", [["b", "1"], ["c", "2"]]);
  assert.deepEqual(await kv(client, "getMany", ["c", "none", "b"]), [["c", "2"], null, ["b", "1"]]);
  await kv(client, "deleteMany", ["b", "none"]);
  assert.deepEqual(await kv(client, "keys"), ["c"]);
});

test("increments of many events at once lose nothing", async (t) => {
  const client = await start(t);
  await Promise.all(Array.from({ length: 20 }, () => kv(client, "increment", "n", 2)));
  assert.equal(await kv(client, "increment", "n", 0), 40);
  assert.equal(await kv(client, "get", "n"), "40");
  await kv(client, "set", "n", "x");
  await assert.rejects(kv(client, "increment", "n", 1), /not an integer of 64 bits/);
  await kv(client, "set", "n", "-5");
  await assert.rejects(kv(client, "increment", "n", 1), /the number is -4 now, which is less than 0/);
});

test("keys are listed over many pages, and a cursor belongs to its bucket", async (t) => {
  const client = await start(t);
  const keys = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, "0")}`);
  for (let i = 0; i < keys.length; i += 500) await kv(client, "setMany", keys.slice(i, i + 500).map((key) => [key, ""]));
  assert.deepEqual(await kv(client, "keys"), keys);
  const [page, cursor] = await kv(client, "page", null);
  assert.deepEqual([page.length, cursor], [1000, 0]);
  await assert.rejects(kv(client, "page", 0), /this bucket has given no such cursor/);
});

test("there is one store, and it is the namespace's", async (t) => {
  const client = await start(t);
  for (const identifier of ["", "default"]) await kv(client, "open", identifier);
  for (const other of ["/", "/keyvalue", "redis://localhost", "Default"]) {
    await assert.rejects(kv(client, "open", other), /no such store/);
  }
});

test("bounds are those of the store", async (t) => {
  const client = await start(t, "--kv-max-key", "4B", "--kv-max-value", "10B");
  await assert.rejects(kv(client, "get", "12345"), /a key has more than 4 bytes/);
  await assert.rejects(kv(client, "set", "a", "12345678901"), /a value has more than 10 bytes/);
});

test("others read what it keeps", async (t) => {
  const host = await startHost(t, { components: ["keyvalue", "probe"], flags: ["--kv", "shared"] });
  await kv(await connect(t, host, "/keyvalue"), "set", "a", "[1]");
  assert.deepEqual(await kv(await connect(t, host, "/probe"), "get", "a"), [1]);
});

test("host inspect says that it keeps state", { skip: LANGUAGE !== "rust" }, async () => {
  const { stdout } = await runHost(["inspect", guest("keyvalue")]);
  assert.match(stdout, /^keeps +state, in a key-value store$/m);
  for (const name of ["store", "atomics", "batch"]) assert.match(stdout, new RegExp(`wasi:keyvalue/${name}@0.2.0-draft$`, "m"));
});
