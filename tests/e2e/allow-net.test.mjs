/** Requests that a component sends: `--allow-net`. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { until, within } from "./support/wait.mjs";

const MiB = 1 << 20;

/** What the server answers to paths. */
const PATHS = {
  "/echo": (request, response) => request.pipe(response),
  "/seen": ({ method, url, headers }, response) => response.end(JSON.stringify({ method, url, headers })),
  "/size": async (request, response) => {
    let size = 0;
    for await (const piece of request) size += piece.length;
    response.end(String(size));
  },
  "/big": (_, response) => response.end(Buffer.alloc(20 * MiB, "x")),
  "/moved": (_, response) => response.writeHead(302, { location: "http://other.example/" }).end(),
  "/slow": (_, response) => setTimeout(() => response.end("slow"), 200),
  "/never": () => {},
  "/closed": (request) => request.socket.destroy(),
  "/broken": (_, response) => {
    response.writeHead(200, { "content-length": 100 }).write("half");
    setTimeout(() => response.destroy(), 20);
  },
};

/** A server that counts what is under way. */
async function server(t) {
  const counted = { now: 0, most: 0, all: 0 };
  const http = createServer((request, response) => {
    counted.all += 1;
    counted.most = Math.max(counted.most, (counted.now += 1));
    response.once("close", () => (counted.now -= 1));
    PATHS[request.url.split("?")[0]](request, response);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address();
  return { counted, port, url: `http://127.0.0.1:${port}` };
}

/** A server, and a host with these flags, in which `PORT` is the server's; `send` has the guest ask a URL. */
async function start(t, ...flags) {
  const asked = await server(t);
  const host = await startHost(t, { components: ["web"], flags: flags.map((flag) => flag.replace("PORT", asked.port)) });
  const send = async (url, { by = "send", ...options } = {}) => {
    const target = url.startsWith("/") ? asked.url + url : url;
    const response = await within(fetch(`${host.url}/${by}?${target}`, options), `an answer to ${url}`);
    return [response.status, await within(response.text(), `the body of ${url}`)];
  };
  return { host, send, ...asked };
}

/** The host's own; a guest's stderr is at the same level. */
/** What the host has warned of so far; the log is behind the answers, but in order. */
async function warnings(host) {
  await host.status();
  return host.lines.filter(({ level, target }) => level === "WARN" && target !== "guest");
}
const GRANTED = ["--allow-net", "127.0.0.1:PORT"];

describe("a grant", () => {
  for (const host of ["127.0.0.1:PORT", "127.0.0.1", "*", "example.org,127.0.0.1"]) {
    test(`of ${host}`, async (t) => {
      const { host: running, send, counted } = await start(t, "--allow-net", host);
      const [status, text] = await send("/seen?a=%20b");
      assert.deepEqual([status, JSON.parse(text).url], [200, "/seen?a=%20b"]);
      assert.deepEqual([counted.all, await warnings(running)], [1, []]);
    });
  }

  test("is for handlers of events, too", async (t) => {
    const { host, url } = await start(t, ...GRANTED);
    const client = await connect(t, host, "/web");
    assert.equal(await client.ask("get", `${url}/seen`), "200");
  });

  test("says what the server sees of the sender", async (t) => {
    const { send, port } = await start(t, ...GRANTED);
    const { method, headers } = JSON.parse((await send("/seen", { method: "DELETE" }))[1]);
    assert.deepEqual([method, headers.host], ["DELETE", `127.0.0.1:${port}`]);
  });
});

describe("without a grant", () => {
  test("requests are denied, and one line names the flag", async (t) => {
    const { host, send, counted, port } = await start(t);
    const [status, text] = await send("/seen");
    assert.equal(status, 502);
    assert.match(text, /HttpRequestDenied/);
    const [line, ...others] = await warnings(host);
    assert.deepEqual([others, counted.all], [[], 0]);
    assert.equal(line.message, `a request was denied: \`--allow-net 127.0.0.1:${port}\` grants it`);
    assert.equal(line.host, `127.0.0.1:${port}`);
  });

  test("a handler's are as well, with namespace and event in the log", async (t) => {
    const { host, url } = await start(t);
    const client = await connect(t, host, "/web");
    assert.match(await client.ask("get", `${url}/seen`), /HttpRequestDenied/);
    const line = await host.log(({ level }) => level === "WARN");
    assert.deepEqual([line.namespace, line.event], ["/web", "get"]);
  });

  for (const flags of [["--allow-net", "127.0.0.1:1"], ["--allow-net", "localhost"], ["--allow-net", "other.example"]]) {
    test(`of this host: ${flags[1]} alone`, async (t) => {
      const { send, counted } = await start(t, ...flags);
      assert.match((await send("/seen"))[1], /HttpRequestDenied/);
      assert.equal(counted.all, 0);
    });
  }

  test("the target of a redirect is a request of its own", async (t) => {
    const { host, send } = await start(t, ...GRANTED);
    // The guest is told and may go on, or not.
    assert.equal((await send("/moved"))[0], 302);
    assert.match((await send("http://other.example/"))[1], /HttpRequestDenied/);
    assert.match((await warnings(host))[0].message, /`--allow-net other\.example` grants it/);
  });

  test("a loop of requests does not fill the log", async (t) => {
    const { host, send } = await start(t);
    await send("/seen", { by: "send-20" });
    await host.log(({ level }) => level === "ERROR");
    const { length } = await warnings(host);
    assert.ok(length <= 10, `${length} lines`);
  });
});

describe("bodies", () => {
  test("go both ways, and the host holds neither", async (t) => {
    const { host, send } = await start(t, ...GRANTED, "--max-request-body", "50MB", "--handler-time", "60s");
    assert.deepEqual(await send("/echo", { method: "POST", body: "four" }), [200, "four"]);
    const before = await host.memory();
    const [status, text] = await send("/big");
    assert.deepEqual([status, text.length], [200, 20 * MiB]);
    const more = (await host.memory()) - before;
    assert.ok(more < 16 * MiB, `${more / MiB} MiB more`);
    const large = "x".repeat(10 * MiB);
    assert.deepEqual(await send("/size", { method: "POST", body: large }), [200, `${10 * MiB}`]);
  });
});

describe("a server that fails", () => {
  test("is not there", async (t) => {
    const { host, send } = await start(t, "--allow-net", "*");
    const [status, text] = await send("http://127.0.0.1:1/");
    assert.equal(status, 502);
    assert.match(text, /ConnectionRefused/);
    assert.deepEqual(await warnings(host), []);
  });

  test("closes before its answer, and in the middle of it", async (t) => {
    const { host, send } = await start(t, ...GRANTED);
    const [status, text] = await send("/closed");
    assert.equal(status, 502);
    assert.match(text, /HttpResponseIncomplete|ConnectionTerminated|HttpProtocolError/);
    await assert.rejects(send("/broken"));
    assert.deepEqual(await send("/slow"), [200, "slow"]);
    assert.deepEqual(await warnings(host), []);
  });

  test("never answers: the event's time ends the request, and only this event fails", async (t) => {
    const { host, send, counted } = await start(t, ...GRANTED, "--handler-time", "500ms");
    assert.equal((await send("/never"))[0], 504);
    await host.log(({ level }) => level === "ERROR");
    await until(() => counted.now === 0, "the connection is closed");
    assert.deepEqual(await send("/slow"), [200, "slow"]);
  });
});

test("of one instance eight requests are under way at once, and further ones wait", async (t) => {
  const { send, counted } = await start(t, ...GRANTED);
  assert.deepEqual(await send("/slow", { by: "send-20" }), [200, JSON.stringify(Array(20).fill(200))]);
  assert.deepEqual([counted.all, counted.most], [20, 8]);
});
