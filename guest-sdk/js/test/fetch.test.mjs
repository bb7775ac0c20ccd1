/** `fetch`, with a server that tells what it is asked. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { before, describe, test } from "node:test";

import { component, connect, serve } from "./support/components.mjs";

const ENGINE = process.env.GUEST_SDK_ENGINE ?? "quickjs";
/** StarlingMonkey has a `fetch` of its own, which follows no redirects, keeps byte order marks, and has other errors. */
const QUICKJS = ENGINE === "quickjs";

let handler;
before(async () => {
  handler = await component("fetch.js", "--engine", ENGINE);
});

/** What paths answer. */
const PATHS = {
  "/echo": (request, response) => {
    response.writeHead(200, { "content-type": request.headers["content-type"] ?? "none" });
    request.pipe(response);
  },
  "/seen": ({ method, url, headers }, response) => response.end(JSON.stringify({ method, url, headers })),
  "/missing": (_, response) => response.writeHead(404).end("grüß 👋"),
  "/marked": (_, response) => response.end("\uFEFFgrüß"),
  "/empty": (_, response) => response.writeHead(204).end(),
  "/moved": (_, response) => response.writeHead(302, { location: "/seen" }).end(),
  "/kept": (_, response) => response.writeHead(307, { location: "/echo" }).end(),
  "/around": (_, response) => response.writeHead(302, { location: "/around" }).end(),
  "/away": (_, response) => response.writeHead(302, { location: "http://other.example/" }).end(),
  "/large": (_, response) => response.end(Buffer.alloc(3 << 20, 7)),
  "/huge": (_, response) => response.end(Buffer.alloc(200 << 20)),
  "/slow": (_, response) => setTimeout(() => response.end("slow"), 200),
  "/never": () => {},
  "/early": (_, response) => response.writeHead(413).end("too much"),
  "/broken": (_, response) => {
    response.writeHead(200, { "content-length": 100 }).write("half");
    setTimeout(() => response.destroy(), 20);
  },
};

/** A server, a host that grants it, and a client. */
async function start(t, { flags, handler: name = handler } = {}) {
  const server = createServer((request, response) => PATHS[request.url.split("?")[0]](request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${server.address().port}`;
  const host = await serve(t, name, { flags: flags ?? ["--allow-net", address] });
  const client = await connect(t, host, "/fetch");
  return { host, address, url: `http://${address}`, client, ask: (...args) => client.ask(...args) };
}

describe("fetch", () => {
  test("sends method, headers and query, and reads status, headers and text", async (t) => {
    const { url, address, ask } = await start(t);
    const { status, ok, text } = await ask("get", `${url}/seen?a=%20b#c`, { method: "delete", headers: { "X-A": "ü" } });
    const { method, url: path, headers } = JSON.parse(text);
    assert.deepEqual([status, ok, method, path], [200, true, "DELETE", "/seen?a=%20b"]);
    assert.deepEqual([headers.host, headers["x-a"]], [address, "ü"]);
    const missing = await ask("get", `${url}/missing`);
    assert.deepEqual([missing.status, missing.ok, missing.text], [404, false, "grüß 👋"]);
    assert.equal((await ask("get", `${url}/empty`)).status, 204);
    if (QUICKJS) assert.equal((await ask("get", `${url}/marked`)).text, "grüß");
  });

  test("sends text and bytes, with their length, and reads both", async (t) => {
    const { url, ask } = await start(t);
    const text = "grüß 👋".repeat(50_000);
    const echo = await ask("get", `${url}/echo`, { method: "POST", body: text });
    assert.deepEqual([echo.text === text, echo.type], [true, "text/plain;charset=UTF-8"]);
    const bytes = Buffer.from([1, 2, 3, 255]);
    assert.deepEqual(await ask("bytes", `${url}/echo`, bytes), [bytes, bytes, true]);
    const seen = JSON.parse((await ask("get", `${url}/seen`, { method: "PUT", body: "four" })).text);
    assert.equal(seen.headers["content-length"], "4");
  });

  test("JSON, a Request with Headers, and forms", async (t) => {
    const { url, ask } = await start(t);
    assert.deepEqual(await ask("request", `${url}/echo`), [{ a: [1, "ü"] }, "application/json", "x=1&y=a+b"]);
  });

  test("follows redirects, unless it is told not to", { skip: !QUICKJS }, async (t) => {
    const { url, ask } = await start(t);
    const moved = await ask("get", `${url}/moved`, { method: "POST", body: "x" });
    assert.deepEqual([moved.redirected, moved.url, JSON.parse(moved.text).method], [true, `${url}/seen`, "GET"]);
    assert.equal((await ask("get", `${url}/kept`, { method: "POST", body: "again" })).text, "again");
    assert.equal((await ask("get", `${url}/moved`, { redirect: "manual" })).status, 302);
    assert.match((await ask("get", `${url}/moved`, { redirect: "error" })).message, /was redirected to \/seen$/);
    assert.match((await ask("get", `${url}/around`)).message, /was redirected too often$/);
  });

  test("is large both ways, and a body that memory cannot hold ends only its event", async (t) => {
    const { url, host, client, ask } = await start(t);
    assert.equal(await ask("size", `${url}/large`), 3 << 20);
    assert.equal(await ask("upload", `${url}/echo`, 3 << 20), 3 << 20);
    client.emit("too large", `${url}/huge`);
    await host.log((line) => line.level === "ERROR" && line.event === "too large");
    assert.equal(await ask("size", `${url}/large`), 3 << 20);
  });

  test("runs at once: twenty requests, and timers", async (t) => {
    const { url, ask } = await start(t);
    const started = performance.now();
    assert.deepEqual(await ask("many", `${url}/slow`, 20), Array(20).fill("slow"));
    assert.ok(performance.now() - started < 20 * 200 * 0.6);
    const order = await ask("with a timer", `${url}/slow`);
    assert.deepEqual(order, ["timer", "slow"]);
  });
});

describe("errors of fetch", () => {
  test("what is not granted names the flag; the host logs it", async (t) => {
    const { host, url, address, ask } = await start(t, { flags: [] });
    const { name, message } = await ask("get", `${url}/seen`);
    assert.equal(name, "TypeError");
    if (QUICKJS) assert.equal(message, `fetch to ${address} was denied: start the host with --allow-net ${address}`);
    await host.log((line) => line.level === "WARN" && line.message.includes(`--allow-net ${address}`));
  });

  test("a redirect to another host needs its grant", { skip: !QUICKJS }, async (t) => {
    const { url, ask } = await start(t);
    const { name, message } = await ask("get", `${url}/away`);
    assert.equal(name, "TypeError");
    assert.match(message, /--allow-net other\.example$/);
  });

  for (const [what, path, message] of [
    ["a server that is not there", "http://127.0.0.1:1/", /connection refused/],
    ["an answer that breaks off", "/broken", /broke off/],
    ["a URL that is none", "nowhere", /`nowhere` is not a URL/],
    ["another scheme", "ftp://127.0.0.1/", /ftp:/],
    ["a password in the URL", "http://a:b@127.0.0.1/", /authorization/],
  ]) {
    test(what, async (t) => {
      const { url, ask } = await start(t, { flags: ["--allow-net", "*"] });
      const error = await ask("get", path.startsWith("/") ? url + path : path);
      if (QUICKJS) assert.equal(error.name, "TypeError");
      assert.match(error.message, QUICKJS ? message : /./);
    });
  }

  test("an answer before the end of the body is an answer", { skip: !QUICKJS }, async (t) => {
    const { url, ask } = await start(t);
    assert.equal(await ask("status of upload", `${url}/early`, 3 << 20), 413);
  });

  test("an abort, by hand and by time", async (t) => {
    const { url, ask } = await start(t);
    assert.deepEqual(await ask("abort", `${url}/never`), ["AbortError", "TimeoutError"]);
  });

  test("headers that are the host's, values that cannot be sent, and methods that are none", { skip: !QUICKJS }, async (t) => {
    const { url, ask } = await start(t);
    for (const [headers, message] of [
      [{ host: "x" }, /header `host` is the host's to set/],
      [{ a: "€" }, /header `a` has a value that cannot be sent/],
      [{ a: "b\r\nc: d" }, /header `a` has a value that cannot be sent/],
      [{ "a b": "c" }, /a b/],
    ]) {
      const error = await ask("get", `${url}/seen`, { headers });
      assert.equal(error.name, "TypeError");
      assert.match(error.message, message);
    }
    const error = await ask("get", `${url}/seen`, { method: "A B" });
    assert.deepEqual([error.name, error.message], ["TypeError", "fetch: `A B` is not a method"]);
  });
});
