/**
 * The key-value store of handlers, through the real binary; `state.redis.test.mjs` runs this file again, with stores in
 * Redis. What every call means is in `host/crates/store/tests/`.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { connect, open } from "./support/clients.mjs";
import { guest, isStateInRedis, LANGUAGE, runHost, startHost } from "./support/host.mjs";

/** A folder that goes with the test. */
function folder(t) {
  const dir = mkdtempSync(join(tmpdir(), "host-data-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** What a call of the store returns; throws its error. */
async function kv(client, call, ...args) {
  const { ok, error } = await client.ask("kv", call, args);
  if (error !== undefined) throw new Error(error);
  return ok;
}

test("what one event sets, all later ones read, of any client", async (t) => {
  const host = await startHost(t);
  const [ada, bob] = [await connect(t, host), await connect(t, host)];
  assert.equal(await kv(ada, "get", "a"), null);
  assert.equal(await kv(ada, "has", "a"), false);
  const value = { text: "grüße 😀", list: [1, 2.5, null, true, { deep: "" }] };
  await kv(ada, "set", "a", value);
  assert.deepEqual(await kv(bob, "get", "a"), value);
  assert.equal(await kv(bob, "has", "a"), true);
  assert.equal(await kv(bob, "delete", "a"), true);
  assert.equal(await kv(ada, "delete", "a"), false);
  await kv(ada, "setMany", [["b", 1], ["c", "x"]]);
  assert.deepEqual(await kv(bob, "getMany", ["c", "none", "b"]), ["x", null, 1]);
  assert.equal(await kv(bob, "deleteMany", ["b", "none", "c"]), 2);
});

test("bytes stay bytes", async (t) => {
  const client = await connect(t, await startHost(t));
  for (const bytes of [[], [0], [0, 255, 10], [34, 34]]) {
    assert.deepEqual(await client.ask("kvBytes", "bytes", Buffer.from(bytes)), Buffer.from(bytes));
  }
});

test("a value ends with its time to live", async (t) => {
  const client = await connect(t, await startHost(t));
  await kv(client, "set", "long", 1, 60_000);
  await kv(client, "set", "short", 1, 1);
  while (await kv(client, "has", "short"));
  assert.equal(await kv(client, "get", "long"), 1);
  await assert.rejects(kv(client, "set", "none", 1, 0), /a time to live is between 1 ms and 100 years/);
});

test("increments and updates of many handlers at once lose nothing", async (t) => {
  const host = await startHost(t);
  const clients = [];
  for (let i = 0; i < 8; i++) clients.push(await connect(t, host));
  const rounds = Array.from({ length: 10 }, (_, round) => round);
  await Promise.all(clients.flatMap((client) => rounds.map(() => kv(client, "increment", "n", 1))));
  assert.equal(await kv(clients[0], "get", "n"), 80);
  await Promise.all(clients.flatMap((client, i) => rounds.map((round) => kv(client, "push", "list", i * 10 + round))));
  const list = await kv(clients[0], "get", "list");
  assert.deepEqual(list.sort((a, b) => a - b), Array.from({ length: 80 }, (_, i) => i));
});

test("only numbers are incremented", async (t) => {
  const client = await connect(t, await startHost(t));
  assert.equal(await kv(client, "increment", "n", -2), -2);
  await kv(client, "set", "x", "text");
  await assert.rejects(kv(client, "increment", "x", 1), /not an integer of 64 bits/);
  assert.equal(await kv(client, "get", "x"), "text");
});

test("a value is set if another is there", async (t) => {
  const client = await connect(t, await startHost(t));
  const swap = (...args) => kv(client, "compareAndSet", "k", ...args);
  assert.equal(await swap("a", "b"), false);
  assert.equal(await swap(null, "a"), true);
  assert.equal(await swap(null, "b"), false);
  assert.equal(await swap("a", { b: 1 }), true);
  assert.equal(await swap({ b: 1 }, null), true);
  assert.equal(await kv(client, "has", "k"), false);
});

test("entries are listed in the order of their keys, over many pages", async (t) => {
  const client = await connect(t, await startHost(t));
  const pairs = Array.from({ length: 250 }, (_, i) => [`k${String(i).padStart(3, "0")}`, i]);
  await kv(client, "setMany", [...pairs].reverse());
  await kv(client, "set", "other", 1);
  assert.deepEqual(await kv(client, "list", "k"), pairs);
  assert.deepEqual(await kv(client, "keys", "k24"), pairs.slice(240).map(([key]) => key));
  assert.equal(await kv(client, "clear", "k"), 250);
  assert.deepEqual(await kv(client, "keys", ""), ["other"]);
});

test("what was set stands although the handler fails, and its earlier commands were sent", async (t) => {
  const host = await startHost(t);
  const client = await connect(t, host);
  client.emit("kvTrap", "trapped");
  await client.next("before");
  while (!(await kv(client, "has", "trapped")));
  assert.equal(client.events.some(([name]) => name === "after"), false);
});

test("in $connect the store works, and stands when the client is refused", async (t) => {
  const host = await startHost(t);
  for (const sum of ["1", "2"]) {
    const refused = open(t, host, "/probe", { auth: { mode: "kv", key: "tries" } });
    await assert.rejects(refused.connected(), { message: sum });
  }
});

describe("two namespaces", () => {
  /** What three visits count: two of one namespace, then one of the other. */
  const visits = async (t, ...flags) => {
    const host = await startHost(t, { components: ["/a=nameless", "/b=nameless"], flags });
    const [a, b] = [await connect(t, host, "/a"), await connect(t, host, "/b")];
    return [await a.ask("count"), await a.ask("count"), await b.ask("count")];
  };

  test("have stores of their own", async (t) => assert.deepEqual(await visits(t), [1, 2, 1]));

  test("share one with --kv", async (t) => assert.deepEqual(await visits(t, "--kv", "shared"), [1, 2, 3]));
});

test("a component that describes itself has no store, and is told so", { skip: LANGUAGE !== "rust" }, async (t) => {
  const refused = startHost(t, { flags: ["--env", "KV_IN_DESCRIBE=1"] });
  await assert.rejects(refused, /kv\.get: a component that describes itself has no key-value store: use it in a handler/);
});

describe("the file", { skip: isStateInRedis() }, () => {
  const start = (t, dir, flags = []) => startHost(t, { flags: ["--data", dir, ...flags] });

  test("a host finds again what the last one kept", async (t) => {
    const dir = join(folder(t), "data");
    const first = await start(t, dir);
    await kv(await connect(t, first), "set", "kept", [1]);
    await first.stop();
    assert.equal(readFileSync(join(dir, ".gitignore"), "utf8"), "*\n");
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    assert.equal(statSync(join(dir, "kv.redb")).mode & 0o777, 0o600);
    const second = await start(t, dir);
    assert.deepEqual(await kv(await connect(t, second), "get", "kept"), [1]);
  });

  test("a host that is killed loses nothing that was acknowledged", async (t) => {
    const dir = folder(t);
    let last = 0;
    for (let round = 0; round < 3; round++) {
      const host = await start(t, dir);
      const clients = [];
      for (let i = 0; i < 16; i++) clients.push(await connect(t, host));
      assert.equal((await kv(clients[0], "get", "n")) ?? 0, last, `round ${round}`);
      let acknowledged = last;
      const working = clients.map(async (client) => {
        for (;;) acknowledged = Math.max(acknowledged, await kv(client, "increment", "n", 1));
      });
      working.forEach((work) => work.catch(() => {}));
      while (acknowledged < last + 50) await kv(clients[0], "has", "n");
      host.signal("SIGKILL");
      await host.exited();
      const again = await start(t, dir);
      last = await kv(await connect(t, again), "get", "n");
      assert.ok(last >= acknowledged, `${last} of ${acknowledged}`);
      await again.stop();
    }
  });

  test("is beside the component, wherever the host is started", async (t) => {
    const dir = folder(t);
    const built = join(dir, "target", "release");
    mkdirSync(built, { recursive: true });
    const component = join(built, "probe.wasm");
    copyFileSync(guest("probe"), component);
    const start = async () => {
      // No `--data`, which other tests have in the environment.
      const host = await startHost(t, { components: [component], env: { HOST_DATA: undefined } });
      const { file } = await host.log(({ message }) => message === "key-value stores are kept in a file");
      await host.stop();
      return file;
    };
    assert.equal(await start(), join(built, ".host", "kv.redb"));
    writeFileSync(join(dir, "target", "CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n");
    assert.equal(await start(), join(dir, ".host", "kv.redb"));
  });

  test("a file is one host's alone", async (t) => {
    const dir = folder(t);
    await start(t, dir);
    await assert.rejects(start(t, dir), /is in use by another host/);
  });

  test("a file that is no store is refused, and left alone", async (t) => {
    const dir = folder(t);
    writeFileSync(join(dir, "kv.redb"), "precious");
    await assert.rejects(start(t, dir), /is not a store of this host[^]*hint: move the file away/);
    assert.equal(readFileSync(join(dir, "kv.redb"), "utf8"), "precious");
  });

  test("there is none where no component keeps state", async (t) => {
    const dir = join(folder(t), "data");
    await startHost(t, { components: ["bare"], flags: ["--data", dir] });
    assert.equal(existsSync(dir), false);
  });

  test("the log says where state is kept", async (t) => {
    const dir = folder(t);
    const host = await start(t, dir, ["--kv", "shared"]);
    await host.log(({ message, file }) => message === "key-value stores are kept in a file" && file === join(dir, "kv.redb"));
    await host.log(({ message, store }) => message === "mounted" && store === "shared");
    const memory = await startHost(t, { flags: ["--data", "none"] });
    await memory.log(({ message }) => /key-value stores are kept in memory/.test(message));
    await memory.log(({ message, store }) => message === "mounted" && store === "/probe");
  });
});

describe("limits", () => {
  const start = async (t, ...flags) => connect(t, await startHost(t, { flags }));

  test("of keys, values and calls", async (t) => {
    const client = await start(t, "--kv-max-key", "4B", "--kv-max-value", "100B", "--kv-calls", "5");
    await assert.rejects(kv(client, "get", "12345"), /a key has more than 4 bytes/);
    await assert.rejects(kv(client, "fill", "a", 99), /the value has more than 100 bytes/);
    await kv(client, "fill", "a", 98);
    const [called, error] = await kv(client, "often", 0);
    assert.equal(called, 5);
    assert.match(error, /an event may call its key-value store 5 times/);
    assert.equal(await kv(client, "has", "a"), true, "another event has calls of its own");
  });

  test("of a store: reading and deleting go on", async (t) => {
    const client = await start(t, "--kv-max-size", "10kB");
    let filled = 0;
    await assert.rejects(async () => {
      for (;;) await kv(client, "fill", `k${filled++}`, 1000);
    }, /the store would have more than 10000 bytes/);
    assert.equal((await kv(client, "get", "k0")).length, 1000);
    assert.equal(await kv(client, "delete", "k0"), true);
    await kv(client, "fill", "k0", 1000);
  });

  test("of an event's bytes", async (t) => {
    const client = await start(t, "--kv-bytes", "2kB", "--kv-max-value", "900B");
    await assert.rejects(kv(client, "setMany", [["a", "x".repeat(800)], ["b", "x".repeat(800)], ["c", "x".repeat(800)]]), /2000 bytes/);
    assert.deepEqual(await kv(client, "keys", ""), []);
  });
});

test("what a handler in Rust has set, one in another language reads, and the other way round", { skip: LANGUAGE === "rust" }, async (t) => {
  // The same for each of the three hosts.
  const flags = isStateInRedis() ? ["--kv-prefix", randomUUID()] : ["--data", folder(t)];
  const value = { text: "grüße 😀", numbers: [1, -2.5, 1e300] };
  const bytes = Buffer.from([0, 34, 255]);
  const start = async (component) => {
    const host = await startHost(t, { components: [component], flags });
    return [host, await connect(t, host)];
  };
  const [first, rust] = await start(guest("probe", "rust"));
  await kv(rust, "set", "value", value);
  await rust.ask("kvBytes", "bytes", bytes);
  await kv(rust, "increment", "number", -7);
  await first.stop();

  const [second, other] = await start("probe");
  assert.deepEqual(await kv(other, "getMany", ["value", "number"]), [value, -7]);
  assert.deepEqual(await kv(other, "get", "bytes"), bytes);
  assert.equal(await kv(other, "increment", "number", 1), -6);
  await kv(other, "set", "value", [value]);
  await other.ask("kvBytes", "bytes", Buffer.from([1]));
  await second.stop();

  const [, again] = await start(guest("probe", "rust"));
  assert.deepEqual(await kv(again, "getMany", ["value", "number"]), [[value], -6]);
  await assert.rejects(kv(again, "get", "bytes"), /is binary/);
});

test("flags that make no sense are refused at start", async () => {
  for (const [flags, says] of [
    [["--kv-bytes", "1kB"], /--kv-bytes 1kB is less than a key and a value together[^]*hint: give a larger --kv-bytes/],
    [["--kv", "x".repeat(256)], /--kv has 256 bytes[^]*hint: give a name of 1 to 255 bytes/],
    [["--data", ""], /--data[^]*name a folder, or `none`/],
  ]) {
    const { code, stderr } = await runHost(["run", "nowhere.wasm", ...flags]);
    assert.notEqual(code, 0);
    assert.match(stderr, says);
  }
});

test("host inspect says that a component keeps state", { skip: LANGUAGE !== "rust" }, async () => {
  const { stdout } = await runHost(["inspect", guest("probe")]);
  assert.match(stdout, /^keeps +state, in a key-value store$/m);
  assert.match(stdout, /realtime:gateway\/kv@0\.1\.\d+$/m);
  assert.doesNotMatch((await runHost(["inspect", guest("chat")])).stdout, /kv/);
});
