/** Plain HTTP requests that a component answers. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { sleep, until, within } from "./support/wait.mjs";

const web = (t, ...flags) => startHost(t, { components: ["web"], flags });
const MiB = 1 << 20;

/** The status and the text. */
async function ask(host, path, options) {
  const response = await within(fetch(host.url + path, options), `an answer to ${path}`);
  return [response.status, await within(response.text(), `the body of ${path}`)];
}

/** A bare connection that has sent this; `text` collects what comes back. */
function raw(t, host, sent) {
  const socket = net.connect(host.port, "127.0.0.1");
  const connection = { socket, text: "", closed: new Promise((resolve) => socket.once("close", resolve)) };
  socket.on("data", (data) => (connection.text += data.toString("latin1")));
  socket.on("error", () => {});
  socket.write(sent);
  t.after(() => socket.destroy());
  return connection;
}

const head = (method, path, ...headers) => [`${method} ${path} HTTP/1.1`, "host: localhost", ...headers, "", ""].join("\r\n");

describe("requests that a component answers", () => {
  test("reach it as they are", async (t) => {
    const host = await web(t, "--env", "A=b");
    const response = await fetch(`${host.url}/request?a=%20b`, { method: "PURGE", headers: { "X-Some": "thing" } });
    const seen = await response.json();
    assert.equal(response.status, 200);
    assert.equal(seen.method, 'Method::Other("PURGE")');
    assert.deepEqual([seen.scheme, seen.authority], ["Some(Scheme::Http)", `127.0.0.1:${host.port}`]);
    assert.equal(seen.path, "/request?a=%20b");
    assert.ok(seen.headers.some(([name, value]) => name === "x-some" && value === "thing"));
    assert.deepEqual(seen.env, [["A", "b"]]);
  });

  test("are those that are neither Socket.IO nor a file", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "host-static-"));
    t.after(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, "read"), "a file");
    const host = await web(t, "--static", dir);
    assert.deepEqual(await ask(host, "/read"), [200, "a file"]);
    assert.deepEqual(await ask(host, "/read", { method: "POST", body: "four" }), [200, "4"]);
    assert.deepEqual(await ask(host, "/ignore"), [200, "ignored"]);
    assert.deepEqual(await ask(host, "/unknown"), [404, ""]);
    assert.equal((await ask(host, "/socket.io/?EIO=3"))[0], 400);
    assert.deepEqual(await (await connect(t, host, "/web")).ask("echo", 1), 1);
  });

  test("emit to sockets, when the guest waits and when it returns, also after its answer", async (t) => {
    const host = await web(t);
    const client = await connect(t, host, "/web");
    assert.deepEqual(await ask(host, "/emit"), [200, "emitted"]);
    await client.next("posted");
    assert.deepEqual(await ask(host, "/late?20"), [200, "answered"]);
    await client.next("late");
    // The head is all that is wanted of these answers, and the guest goes on all the same.
    assert.deepEqual(await ask(host, "/late?20", { method: "HEAD" }), [200, ""]);
    await client.next("late");
  });

  test("ask sockets and count them", async (t) => {
    const host = await web(t);
    const clients = await Promise.all([1, 2, 3].map(() => connect(t, host, "/web")));
    for (const { socket } of clients.slice(1)) socket.on("question", (number, answer) => answer(number + 1));
    assert.deepEqual(await ask(host, "/ask?300"), [200, JSON.stringify({ missing: 1, received: [43, 43] })]);
    assert.deepEqual(await ask(host, "/sockets"), [200, "3"]);
  });

  test("have no socket", async (t) => {
    const [, text] = await ask(await web(t), "/socket");
    const { name, id, rooms, data, connected, headers, ...errors } = JSON.parse(text);
    assert.deepEqual({ name, id, rooms, data, connected, headers }, {
      name: "/web", id: "", rooms: [], data: {}, connected: false, headers: 0,
    });
    assert.equal(Object.keys(errors).length, 5);
    for (const error of Object.values(errors)) assert.match(error, /the socket is not connected$/);
  });

  test("are answered with any status, with and without a length, by HEAD too", async (t) => {
    const host = await web(t);
    for (const status of [204, 304, 404, 418, 599]) assert.equal((await ask(host, `/status?${status}`))[0], status);
    const sized = await fetch(`${host.url}/sized?100000`);
    assert.equal(sized.headers.get("content-length"), "100000");
    assert.equal((await sized.text()).length, 100_000);
    assert.equal((await (await fetch(`${host.url}/big?100000`)).text()).length, 100_000);
    const bare = await fetch(`${host.url}/sized?5`, { method: "HEAD" });
    assert.deepEqual([bare.headers.get("content-length"), await bare.text()], ["5", ""]);
    assert.deepEqual(await ask(host, "/status?101"), [500, "internal error\n"]);
    assert.deepEqual(await ask(host, "/error?denied"), [403, "forbidden\n"]);
  });

  test("that try to upgrade are plain requests", async (t) => {
    const host = await web(t);
    const { headers } = await (async () => {
      const connection = raw(t, host, head("GET", "/request", "connection: upgrade, close", "upgrade: websocket"));
      await within(connection.closed, "the answer");
      return JSON.parse(connection.text.match(/\{.*\}/)[0]);
    })();
    assert.deepEqual(headers.filter(([name]) => /upgrade|connection/.test(name)), []);
  });
});

describe("bodies", () => {
  test("stream both ways at once, and the host holds neither", async (t) => {
    const host = await web(t, "--max-request-body", "200MB", "--handler-time", "60s");
    await ask(host, "/echo", { method: "POST", body: "warm" });
    const before = await host.memory();
    const piece = new Uint8Array(MiB).fill(7);
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (sent++ < 100) controller.enqueue(piece);
        else controller.close();
      },
    });
    const response = await fetch(`${host.url}/echo`, { method: "POST", body, duplex: "half" });
    let size = 0;
    let most = 0;
    for await (const part of response.body) {
      assert.ok(part[0] === 7 && part.at(-1) === 7);
      if (Math.floor(size / MiB) !== Math.floor((size += part.length) / MiB)) most = Math.max(most, await host.memory());
    }
    assert.equal(size, 100 * MiB);
    assert.ok(most - before < 16 * MiB, `${(most - before) / MiB} MiB more`);
  });

  test("are refused beyond --max-request-body, told or not", async (t) => {
    const host = await web(t, "--max-request-body", "1MB");
    const post = (size) => ask(host, "/read", { method: "POST", body: new Uint8Array(size) });
    assert.deepEqual(await post(1_000_000), [200, "1000000"]);
    assert.deepEqual(await post(1_000_001), [413, "the request's body is too large\n"]);
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const streamed = raw(t, host, head("POST", "/read", "transfer-encoding: chunked") + chunk.repeat(17));
    await until(() => streamed.text.includes("the request's body is too large"), "an answer before the body's end");
    assert.match(streamed.text, /^HTTP\/1.1 413 /);
    // The client goes on until it has read the answer, and what it sends meanwhile must not make it lose that.
    streamed.socket.write(`${chunk.repeat(17)}0\r\n\r\n${head("GET", "/ignore")}`);
    await until(() => streamed.text.includes("200 OK"), "the next answer on the same connection");
    assert.equal((await host.stop()).handlers_trapped, 0, "the client's fault is no failure of the handler");
  });

  test("need not be read", async (t) => {
    const host = await web(t);
    assert.deepEqual(await ask(host, "/ignore", { method: "POST", body: new Uint8Array(900_000) }), [200, "ignored"]);
  });
});

describe("a handler that fails", () => {
  test("before its answer: the client gets 500 or 504, and nothing was emitted", async (t) => {
    const host = await web(t, "--handler-time", "500ms", "--handler-memory", "32MiB");
    const client = await connect(t, host, "/web");
    assert.deepEqual(await ask(host, "/trap"), [500, "internal error\n"]);
    assert.deepEqual(await ask(host, "/oom"), [500, "internal error\n"]);
    assert.deepEqual(await ask(host, "/nothing"), [500, "internal error\n"]);
    assert.deepEqual(await ask(host, "/error?internal"), [500, "internal error\n"]);
    assert.deepEqual(await ask(host, "/loop"), [504, "no answer in time\n"]);
    assert.deepEqual(await ask(host, "/sleep?60000"), [504, "no answer in time\n"]);
    const failed = await host.log((line) => /ran longer/.test(line.message));
    assert.deepEqual([failed.level, failed.namespace, failed.event], ["ERROR", "/web", "GET /loop"]);
    await ask(host, "/emit");
    await client.next("posted");
    assert.deepEqual(client.events.map(([event]) => event), ["posted"]);
    const counters = await host.stop();
    assert.deepEqual(
      [counters.http_requests, counters.handlers_trapped, counters.handlers_out_of_memory, counters.handlers_failed],
      [7, 1, 1, 2],
    );
    assert.equal(counters.handlers_timed_out, 2);
  });

  for (const how of ["trap", "loop"]) {
    test(`after the head, by a ${how}: what there is arrives, then the connection ends`, async (t) => {
      const host = await web(t, "--handler-time", "500ms");
      const response = await fetch(`${host.url}/half?${how}`);
      assert.equal(response.status, 200);
      const reader = response.body.getReader();
      assert.equal(Buffer.from((await reader.read()).value).toString(), "half");
      await assert.rejects(within(reader.read(), "the end"), TypeError);
    });
  }
});

describe("clients that misbehave", () => {
  test("that stop in the middle of a body: the call is dropped", async (t) => {
    const host = await web(t, "--handlers", "2", "--handler-time", "60s");
    const dying = raw(t, host, head("POST", "/read", "content-length: 1000") + "x".repeat(500));
    await until(() => dying.socket.bytesWritten > 500, "half a body is sent");
    const second = ask(host, "/ignore");
    await sleep(100);
    dying.socket.destroy();
    assert.deepEqual(await second, [200, "ignored"], "the one place for requests is free long before its time");
    assert.equal((await host.stop()).handlers_trapped, 0, "what the handler makes of half a body is not its failure");
  });

  test("that read nothing of a large answer: time ends it, and the connection", async (t) => {
    const host = await web(t, "--handlers", "2", "--handler-time", "1s");
    const before = await host.memory();
    const deaf = raw(t, host, head("GET", `/big?${1 << 30}`));
    deaf.socket.pause();
    await host.log((line) => /ran longer/.test(line.message));
    assert.deepEqual(await ask(host, "/ignore"), [200, "ignored"]);
    assert.ok((await host.memory()) - before < 32 * MiB);
    await host.stop();
    assert.deepEqual(host.lines.filter((line) => /still run after/.test(line.message)), [], "it is not waited for");
  });

  test("that go away while they are answered: the call is dropped", async (t) => {
    const host = await web(t, "--handlers", "2", "--handler-time", "60s");
    const leaving = raw(t, host, head("GET", `/big?${1 << 30}`));
    await until(() => leaving.text.length > 0, "the answer begins");
    leaving.socket.destroy();
    assert.deepEqual(await ask(host, "/ignore"), [200, "ignored"]);
    assert.equal((await host.stop()).handlers_trapped, 0);
  });

  test("without a host, or as to a proxy, are refused", async (t) => {
    const host = await web(t);
    const nameless = raw(t, host, "GET /ignore HTTP/1.1\r\nconnection: close\r\n\r\n");
    await within(nameless.closed, "an answer");
    assert.match(nameless.text, /^HTTP\/1.1 400 /);
    const tunnel = raw(t, host, "CONNECT a.example:443 HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n");
    await within(tunnel.closed, "an answer");
    assert.match(tunnel.text, /^HTTP\/1.1 405 /);
  });

  test("that are too many: so many wait, the others get 503, sockets go on", async (t) => {
    const host = await web(t, "--handlers", "4", "--max-waiting-requests", "50");
    const client = await connect(t, host, "/web");
    const answers = Array.from({ length: 100 }, () => ask(host, "/sleep?50"));
    assert.equal(await client.ask("echo", 1), 1);
    const statuses = (await Promise.all(answers)).map(([status]) => status);
    const count = (wanted) => statuses.filter((status) => status === wanted).length;
    assert.equal(count(200) + count(503), 100);
    assert.ok(count(200) >= 52, `${count(200)}`);
    const { http_requests, http_requests_refused } = await host.stop();
    assert.deepEqual([http_requests, http_requests_refused], [100, count(503)]);
  });
});

describe("stopping", () => {
  test("lets running requests finish", async (t) => {
    const host = await web(t);
    const answer = ask(host, "/sleep?700");
    await sleep(200);
    host.signal("SIGTERM");
    assert.deepEqual(await answer, [200, "slept"]);
    await host.stop();
  });
});

test("two components that answer requests are an error at start", async (t) => {
  const both = startHost(t, { components: ["web", "notify"] });
  await assert.rejects(both, /both \S+web\.wasm and \S+notify\.wasm answer plain HTTP requests.*hint: build one of them/s);
});

test("examples/notify: a backend posts, the room hears", async (t) => {
  const host = await startHost(t, { components: ["notify"], flags: ["--env", "NOTIFY_TOKEN=secret"] });
  const [inside, outside] = await Promise.all(
    ["orders", "other"].map((room) => connect(t, host, "/notify", { auth: { room } })),
  );
  const post = (body, { path = "/notify", token = "secret", method = "POST" } = {}) =>
    ask(host, path, { method, body, headers: { authorization: `Bearer ${token}` } });

  assert.deepEqual(await post('{"room":"orders","text":"shipped"}'), [200, '{"notified":1}\n']);
  assert.deepEqual(await inside.next("notification"), [{ room: "orders", text: "shipped" }]);
  await outside.socket.emitWithAck("join", "orders");
  assert.deepEqual(await post('{"room":"orders","event":"alert","text":"late"}'), [200, '{"notified":2}\n']);
  await Promise.all([inside, outside].map((client) => client.next("alert")));
  assert.deepEqual(outside.events.map(([event]) => event), ["alert"]);

  assert.deepEqual(await post("{}"), [400, "bad notification: missing field `room` at line 1 column 2\n"]);
  assert.equal((await post('{"room":"a","event":"connect","text":""}'))[0], 400);
  assert.equal((await post("{}", { token: "other" }))[0], 401);
  assert.equal((await post("{}", { path: "/" }))[0], 404);
  assert.equal((await post(undefined, { method: "GET" }))[0], 405);
});
