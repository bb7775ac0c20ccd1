/** `host kv`, with and without a running host. What a line looks like is in `host/src/app/kv/lines.rs`. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { runHost, startHost } from "./support/host.mjs";

function folder(t) {
  const dir = mkdtempSync(join(tmpdir(), "host-kv-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs `host kv` on a folder: its lines, parsed. */
async function kv(dir, command, ...args) {
  const { code, stdout, stderr } = await runHost(["kv", command, "/probe", ...args], { HOST_DATA: dir });
  if (code !== 0) throw new Error(stderr);
  return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** Asks a handler. */
async function ask(client, call, ...args) {
  const { ok, error } = await client.ask("kv", call, args);
  if (error !== undefined) throw new Error(error);
  return ok;
}

describe("with a running host", () => {
  async function start(t, ...flags) {
    const dir = join(folder(t), "data");
    const host = await startHost(t, { flags: ["--data", dir, ...flags] });
    return { dir, host, client: await connect(t, host) };
  }

  test("what handlers keep is there, and what is set there handlers read", async (t) => {
    const { dir, client } = await start(t);
    await ask(client, "set", "a", { deep: [1] });
    await client.ask("kvBytes", "bytes", Buffer.from([1, 2, 255]));
    assert.deepEqual(await kv(dir, "list"), [
      { key: "a", value: { deep: [1] } },
      { key: "bytes", base64: Buffer.from([0, 1, 2, 255]).toString("base64") },
    ]);
    assert.deepEqual(await kv(dir, "list", "b", "--keys"), [{ key: "bytes" }]);
    assert.deepEqual(await kv(dir, "get", "a"), [{ key: "a", value: { deep: [1] } }]);
    assert.deepEqual(await kv(dir, "set", "b", '"text"'), []);
    assert.equal(await ask(client, "get", "b"), "text");
    assert.deepEqual(await kv(dir, "delete", "b", "none"), [{ deleted: 1 }]);
    assert.equal(await ask(client, "has", "b"), false);
    assert.deepEqual(await kv(dir, "delete", "--prefix", ""), [{ deleted: 2 }]);
    assert.deepEqual(await ask(client, "keys", ""), []);
    await assert.rejects(kv(dir, "get", "a"), /there is no key `a`/);
  });

  test("the host's own limits hold", async (t) => {
    const { dir } = await start(t, "--kv-max-value", "10B");
    await assert.rejects(kv(dir, "set", "a", '"1234567890"'), /a value has more than 10 bytes/);
    await kv(dir, "set", "a", '"12345678"');
  });

  test("its socket is this user's alone, and goes with the host", async (t) => {
    const { dir, host } = await start(t);
    const socket = join(dir, "kv.sock");
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    await kv(dir, "set", "a", "1");
    await host.stop();
    assert.equal(existsSync(socket), false);
    assert.deepEqual(await kv(dir, "list"), [{ key: "a", value: 1 }]);
  });

  test("one that was killed leaves nothing that is in the way", async (t) => {
    const { dir, host } = await start(t);
    await kv(dir, "set", "a", "1");
    host.signal("SIGKILL");
    await host.exited();
    assert.deepEqual(await kv(dir, "list"), [{ key: "a", value: 1 }]);
    await startHost(t, { flags: ["--data", dir] });
    assert.deepEqual(await kv(dir, "list"), [{ key: "a", value: 1 }]);
  });

  test("a folder whose path is too long for a socket only has no `host kv` while it runs", async (t) => {
    const dir = join(folder(t), "x".repeat(100));
    const host = await startHost(t, { flags: ["--data", dir] });
    await host.log(({ message }) => /`host kv` can use the store only while this host is stopped/.test(message));
    await assert.rejects(kv(dir, "list"));
    await host.stop();
    assert.deepEqual(await kv(dir, "list"), []);
  });
});

test("without a host it works on the file, and makes one only to write", async (t) => {
  const dir = join(folder(t), "data");
  await assert.rejects(kv(dir, "list"), /there is no store in[^]*hint: run this in the project's folder/);
  assert.equal(existsSync(dir), false);
  await kv(dir, "set", "a", "1");
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  await kv(dir, "set", "b", "AAEC", "--base64", "--ttl", "1h");
  const [a, b] = await kv(dir, "export");
  assert.deepEqual(a, { key: "a", value: 1 });
  assert.equal(b.base64, "AAEC");
  assert.ok(b.ttl_ms > 0 && b.ttl_ms <= 3_600_000);
  const host = await startHost(t, { flags: ["--data", dir] });
  assert.equal(await ask(await connect(t, host), "get", "a"), 1);
});

test("what was exported is imported again, bytes and times to live too", async (t) => {
  const [one, two] = [join(folder(t), "one"), join(folder(t), "two")];
  const host = await startHost(t, { flags: ["--data", one] });
  const client = await connect(t, host);
  const pairs = Array.from({ length: 1200 }, (_, i) => [`k${String(i).padStart(4, "0")}`, { i, text: "grüße \n 😀" }]);
  for (const half of [pairs.slice(0, 600), pairs.slice(600)]) await ask(client, "setMany", half);
  await ask(client, "set", "ends", 1, 3_600_000);
  await client.ask("kvBytes", "bytes", Buffer.from([0, 255, 10]));
  await ask(client, "fill", "large", 900_000);
  const { stdout } = await runHost(["kv", "export", "/probe", "--data", one]);
  const file = join(folder(t), "export.jsonl");
  writeFileSync(file, stdout);
  assert.deepEqual(await kv(two, "import", file), [{ imported: 1203 }]);
  const without = (lines) => lines.map(({ ttl_ms, ...rest }) => ({ ...rest, ends: ttl_ms !== undefined }));
  const exported = await kv(one, "export");
  assert.deepEqual(without(await kv(two, "export")), without(exported));
  assert.equal(exported.length, 1203);
  // And back into the running host.
  await kv(one, "delete", "--prefix", "");
  assert.deepEqual(await kv(one, "import", file), [{ imported: 1203 }]);
  assert.deepEqual(without(await kv(one, "export")), without(exported));
  assert.deepEqual(await ask(client, "get", "k0007"), { i: 7, text: "grüße \n 😀" });
});

test("an import names the line that is wrong", async (t) => {
  const dir = folder(t);
  const file = join(dir, "lines");
  writeFileSync(file, '{"key":"a","value":1}\n\n{"key":"b","value":oops}\n{"key":"c","value":1}\n');
  await assert.rejects(kv(dir, "import", file), /error: line 3: expected value, at column 20[^]*hint: the lines before it were imported/);
  assert.deepEqual(await kv(dir, "list"), [{ key: "a", value: 1 }]);
  writeFileSync(file, `{"key":"a","value":2}\n{"key":"${"k".repeat(1025)}","value":1}\n`);
  await assert.rejects(kv(dir, "import", file), /error: line 2[^]*caused by: a key has more than 1024 bytes/);
  assert.deepEqual(await kv(dir, "list"), [{ key: "a", value: 2 }]);
});

test("what makes no sense is refused", async (t) => {
  const dir = folder(t);
  for (const [args, says] of [
    [["set", "/probe", "a", "text"], /the value `text` is no JSON[^]*hint: texts are quoted/],
    [["set", "/probe", "a", "!", "--base64"], /the value is no base64/],
    [["list", ""], /a name has 1 to 255/],
    [["delete", "/probe"], /required/],
    [["list", "/probe", "--data", "none"], /with --data none, state is in the memory of a host/],
  ]) {
    const { code, stderr } = await runHost(["kv", ...args], { HOST_DATA: dir });
    assert.notEqual(code, 0);
    assert.match(stderr, says);
  }
  writeFileSync(join(dir, "kv.redb"), "precious");
  await assert.rejects(kv(dir, "list"), /is not a store of this host/);
  assert.equal(readFileSync(join(dir, "kv.redb"), "utf8"), "precious");
});
