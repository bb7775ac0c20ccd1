/** The listener for operators (`--admin`): health, status, reload and rollback, and who may ask. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { runHost, startHost } from "./support/host.mjs";
import { until } from "./support/wait.mjs";

const TOKEN = "a-token-of-some-length";

/** A host with a listener for operators, and what asks it: `{status, text}`. */
async function administered(t, env = {}) {
  const host = await startHost(t, { flags: ["--admin", "127.0.0.1:0"], env });
  const { address } = await host.log((line) => line.message === "operators are answered");
  const ask = (method, path, headers = {}) =>
    new Promise((answered, failed) => {
      const sent = request(`http://${address}${path}`, { method, headers }, async (answer) => {
        let text = "";
        for await (const chunk of answer) text += chunk;
        answered({ status: answer.statusCode, text });
      });
      sent.on("error", failed).end();
    });
  const command = (name) => runHost([name, "--admin", address], env);
  return { host, ask, command };
}

test("health and status", async (t) => {
  const { host, ask } = await administered(t);
  assert.deepEqual(await ask("GET", "/livez"), { status: 200, text: "alive\n" });
  assert.deepEqual(await ask("GET", "/readyz"), { status: 200, text: "ready\n" });
  await connect(t, host);
  const status = JSON.parse((await ask("GET", "/status")).text);
  assert.deepEqual([status.ready, status.revision, status.pid], [true, 1, host.pid]);
  const [{ path, sockets, events }] = status.namespaces;
  assert.deepEqual([path, sockets, events.includes("echo")], ["/probe", 1, true]);
  assert.deepEqual([status.gauges.sessions, status.counters.sockets_connected], [1, 1]);
  assert.equal((await ask("GET", "/nothing")).status, 404);
  assert.equal((await ask("POST", "/status")).status, 405);
  assert.equal((await ask("GET", "/reload")).status, 405);
  const onPublic = await fetch(`${host.url}/status`);
  assert.equal(onPublic.status, 404, "the public listener has none of it");
});

test("a host that stops is not ready any more, but alive", async (t) => {
  const { host, ask } = await administered(t);
  const client = await connect(t, host);
  const answered = client.socket.emitWithAck("sleep", 3_000).catch(() => {});
  await until(async () => JSON.parse((await ask("GET", "/status")).text).gauges.instances === 1, "the handler runs");
  host.signal("SIGTERM");
  await until(async () => (await ask("GET", "/readyz")).status === 503, "the host is not ready");
  assert.equal((await ask("GET", "/livez")).status, 200);
  assert.equal((await ask("POST", "/reload")).status, 409);
  await answered;
});

test("host reload and host rollback", async (t) => {
  const { ask, command } = await administered(t);
  const early = await command("rollback");
  assert.equal(early.code, 1);
  assert.match(early.stderr, /there is no revision before this one/);
  for (const [name, revision] of [["reload", 2], ["reload", 3], ["rollback", 2], ["rollback", 3], ["reload", 4]]) {
    const { code, stdout, stderr } = await command(name);
    assert.deepEqual([code, stdout], [0, `revision ${revision} serves\n`], stderr);
  }
  assert.equal(JSON.parse((await ask("GET", "/status")).text).revision, 4);
});

describe("who may ask", () => {
  test("without a token, no page in a browser of this machine", async (t) => {
    const { ask } = await administered(t);
    for (const headers of [{ origin: "https://example.org" }, { host: "rebound.example" }, { "sec-fetch-site": "cross-site" }]) {
      assert.equal((await ask("POST", "/reload", headers)).status, 403, JSON.stringify(headers));
      assert.equal((await ask("GET", "/status", headers)).status, 403, JSON.stringify(headers));
      assert.equal((await ask("GET", "/readyz", headers)).status, 200, "health is for everybody");
    }
  });

  test("with a token, whoever has it", async (t) => {
    const { ask, command } = await administered(t, { HOST_ADMIN_TOKEN: TOKEN });
    for (const authorization of ["", "Bearer ", `Bearer ${TOKEN}x`, `Basic ${TOKEN}`]) {
      assert.equal((await ask("GET", "/status", { authorization })).status, 401, authorization);
    }
    assert.equal((await ask("GET", "/livez")).status, 200);
    const authorization = `Bearer ${TOKEN}`;
    assert.equal((await ask("GET", "/status", { authorization, origin: "https://example.org" })).status, 200);
    assert.equal((await command("reload")).code, 0);
  });

  test("other addresses than loopback ones need a token", async () => {
    const { code, stderr } = await runHost(["run", "nothing.wasm", "--admin", "0.0.0.0:0"]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: --admin 0\.0\.0\.0:0 can be reached from other machines.*\nhint: set HOST_ADMIN_TOKEN/);
  });
});
