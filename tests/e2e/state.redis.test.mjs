/**
 * Key-value stores in Redis, through the real binary: all that `state.test.mjs` says of stores, and what Redis adds. What
 * every call means is in `host/crates/store/tests/`.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { keepStateIn, runHost, startHost } from "./support/host.mjs";
import { startRedis } from "./support/redis.mjs";
import { until } from "./support/wait.mjs";

const shared = await startRedis({ after });
keepStateIn(shared.url);
await import("./state.test.mjs");

/** A host whose stores are in this Redis. */
const start = (t, redis, { env = {}, ...options } = {}) =>
  startHost(t, { env: { HOST_KV_URL: redis.url, HOST_KV_PREFIX: undefined, ...env }, ...options });

/** What a call of the store returns; throws its error. */
async function kv(client, call, ...args) {
  const { ok, error } = await client.ask("kv", call, args);
  if (error !== undefined) throw new Error(error);
  return ok;
}

test("a host finds again what another one kept", async (t) => {
  const redis = await startRedis(t);
  const first = await start(t, redis);
  await kv(await connect(t, first), "set", "kept", [1]);
  await first.stop();
  const [second, third] = [await start(t, redis), await start(t, redis)];
  const client = await connect(t, second);
  assert.deepEqual(await kv(client, "get", "kept"), [1]);
  await kv(client, "set", "kept", [2]);
  assert.deepEqual(await kv(await connect(t, third), "get", "kept"), [2]);
  const other = await start(t, redis, { env: { HOST_KV_PREFIX: "other" } });
  assert.equal(await kv(await connect(t, other), "get", "kept"), null);
});

test("host kv looks at stores in Redis", async (t) => {
  const redis = await startRedis(t);
  const host = await start(t, redis);
  await kv(await connect(t, host), "set", "kept", [1]);
  const env = { HOST_DATA: undefined, HOST_KV_URL: redis.url, HOST_KV_PREFIX: undefined };
  const { stdout } = await runHost(["kv", "get", "/probe", "kept"], env);
  assert.deepEqual(JSON.parse(stdout), { key: "kept", value: [1] });
  assert.equal((await runHost(["kv", "set", "/probe", "kept", "[2]"], env)).code, 0);
  assert.deepEqual(await kv(await connect(t, host), "get", "kept"), [2]);
});

test("eight hosts that increment one key lose nothing, also across a restart of Redis", async (t) => {
  const redis = await startRedis(t, "--appendonly", "yes");
  const clients = [];
  for (let i = 0; i < 8; i++) clients.push(await connect(t, await start(t, redis)));
  const all = (count) =>
    Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < count; i++) await kv(client, "increment", "n", 1);
      }),
    );
  await all(50);
  assert.equal(await kv(clients[0], "get", "n"), 400);
  await redis.stop();
  await redis.start();
  for (const client of clients) await until(() => kv(client, "has", "n").catch(() => false), "the store is back");
  await all(50);
  assert.equal(await kv(clients[0], "get", "n"), 800);
});

test("what was acknowledged is there after Redis was killed", async (t) => {
  const redis = await startRedis(t, "--appendonly", "yes");
  const host = await start(t, redis);
  const clients = [];
  for (let i = 0; i < 8; i++) clients.push(await connect(t, host));
  for (let round = 0; round < 3; round++) {
    let [asked, acknowledged, stopped] = [0, 0, false];
    const key = `n${round}`;
    const working = clients.map(async (client) => {
      while (!stopped) {
        asked++;
        await kv(client, "increment", key, 1).then(() => acknowledged++, () => {});
      }
    });
    await until(() => acknowledged > 100, "increments are acknowledged");
    await redis.stop("SIGKILL");
    stopped = true;
    await Promise.all(working);
    await redis.start();
    await until(() => kv(clients[0], "has", key).catch(() => false), "the store is back");
    const sum = await kv(clients[0], "get", key);
    assert.ok(acknowledged <= sum && sum <= asked, `${acknowledged} <= ${sum} <= ${asked}`);
  }
});

test("without Redis calls fail at once and say why, and all else goes on", async (t) => {
  const redis = await startRedis(t);
  const host = await start(t, redis);
  const client = await connect(t, host);
  await kv(client, "set", "a", 1);
  await redis.stop("SIGKILL");
  const unreachable = async () => {
    const { error } = await client.ask("kv", "get", ["a"]);
    return /unavailable: Redis: .*refused/.test(error);
  };
  await until(unreachable, "the error says why");
  for (const call of [["set", "a", 2], ["increment", "n", 1], ["list", ""], ["getMany", ["a", "b"]], ["clear", ""]]) {
    await assert.rejects(kv(client, ...call), /unavailable/);
  }
  assert.equal(await client.ask("echo", 1), 1);
  assert.equal(await (await connect(t, host)).ask("echo", 2), 2);
  await redis.start();
  await until(() => kv(client, "set", "a", 3).then(() => true, () => false), "the store is back");
  assert.equal(await kv(client, "get", "a"), 3);
  await host.log(({ level, message }) => level === "WARN" && /the connection to Redis is lost/.test(message));
  await host.log(({ message }) => /there is a connection to Redis again/.test(message));
});

test("a Redis that does not answer holds up nobody for long", async (t) => {
  const redis = await startRedis(t);
  const host = await start(t, redis);
  const client = await connect(t, host);
  await kv(client, "set", "a", 1);
  const other = await connect(t, host);
  redis.pause();
  const waits = kv(client, "get", "a");
  assert.equal(await other.ask("echo", 1), 1);
  await assert.rejects(waits, /has not answered/);
  redis.resume();
  await until(() => kv(client, "has", "a").catch(() => false), "the store is back");
});

test("the log says where state is kept, and never the password", async (t) => {
  const redis = await startRedis(t, "--requirepass", "top secret");
  const [HOST_KV_URL, shown] = [redis.url.replace("//", "//:top%20secret@") + "/3", `${redis.url}/3`];
  const host = await start(t, redis, { env: { HOST_KV_URL }, flags: ["--kv", "shared"] });
  await host.log((line) => line.message === "key-value stores are kept in Redis" && line.redis === shown && /^\w+ \d/.test(line.server));
  await host.log(({ message, store }) => message === "mounted" && store === "shared");
  await host.log(({ level, message }) => level === "WARN" && /has no append-only file/.test(message));
  await kv(await connect(t, host), "set", "a", 1);
  await redis.stop("SIGKILL");
  await host.log(({ message }) => /the connection to Redis is lost/.test(message));
  assert.doesNotMatch(JSON.stringify(host.lines), /secret/);

  const env = { HOST_KV_URL, HOST_KV_PREFIX: undefined };
  const [help, config] = [await runHost(["run", "--help"], env), await runHost(["config", "a.wasm"], env)];
  assert.match(help.stdout, /--kv-url <URL>/);
  assert.match(config.stdout, /kv-url = "redis:/);
  assert.doesNotMatch(help.stdout + config.stdout + config.stderr, /secret/);
});

test("none is reached where no component keeps state", async (t) => {
  const host = await startHost(t, { components: ["bare"], env: { HOST_KV_URL: "redis://127.0.0.1:1" } });
  assert.equal(host.lines.some(({ message }) => /key-value/.test(message)), false);
});

describe("with TLS", () => {
  /** A certificate for the loopback interface that signs itself, and its key. */
  function certificate(t) {
    const dir = mkdtempSync(join(tmpdir(), "redis-tls-"));
    t.after(() => rmSync(dir, { recursive: true }));
    const [key, cert, config] = [join(dir, "key.pem"), join(dir, "cert.pem"), join(dir, "config")];
    // Without OpenSSL's own settings, by which it would be a certificate of an authority.
    writeFileSync(config, "[req]\ndistinguished_name = name\n[name]\n");
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-config", config];
    execFileSync("openssl", [...args, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key, cert };
  }

  test("the server's certificate is checked", async (t) => {
    const { key, cert } = certificate(t);
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no"];
    const redis = await startRedis(t, ...files, "--port", "0", "--tls-port", "PORT");
    const HOST_KV_URL = `rediss://127.0.0.1:${redis.port}`;
    const host = await start(t, redis, { env: { HOST_KV_URL, SSL_CERT_FILE: cert } });
    assert.equal(await kv(await connect(t, host), "increment", "n", 1), 1);
    await assert.rejects(start(t, redis, { env: { HOST_KV_URL } }), /cannot reach Redis at rediss:.*certificate/i);
  });
});

test("what cannot work is refused at start", async (t) => {
  const redis = await startRedis(t, "--requirepass", "right");
  for (const [url, says] of [
    [redis.url, /Redis at redis:\/\/127\.0\.0\.1:\d+\/0 refuses: [^]*hint: check the user and the password/],
    [redis.url.replace("//", "//:wr0ng@"), /refuses: [^]*hint: check the user and the password/],
    ["redis://:wr0ng@127.0.0.1:1", /cannot reach Redis at redis:\/\/127\.0\.0\.1:1\/0: .*refused[^]*hint: start Redis there/],
  ]) {
    await assert.rejects(start(t, redis, { env: { HOST_KV_URL: url } }), (error) => {
      assert.match(String(error), says);
      assert.doesNotMatch(String(error), /wr0ng/);
      return true;
    });
  }
  const none = { HOST_KV_URL: undefined, HOST_KV_PREFIX: undefined, HOST_DATA: undefined };
  for (const [flags, says] of [
    [["--kv-url", "redis://:wr0ng@h/x"], /--kv-url is not the address of a Redis[^]*hint: write redis:/],
    [["--kv-url", "redis://h", "--data", "x"], /--data and --kv-url both say[^]*hint: drop one of them/],
    [["--kv-prefix", "x"], /--kv-prefix is for key-value stores in Redis[^]*hint: name the Redis with --kv-url/],
    [["--kv-url", "redis://h", "--kv-prefix", "{x}"], /--kv-prefix[^]*without braces/],
  ]) {
    const { code, stderr } = await runHost(["run", "nowhere.wasm", ...flags], none);
    assert.notEqual(code, 0);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /wr0ng/);
  }
});
