/** Requests that are not Socket.IO, and stopping. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";

import WebSocket from "ws";

import { connect, RawPolling } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { within } from "./support/wait.mjs";

describe("requests that are not Socket.IO", () => {
  test("are answered 404", async (t) => {
    const host = await startHost(t);
    for (const path of ["/", "/index.html", "/socket.io", "/socket.iox/"]) {
      assert.equal((await fetch(host.url + path)).status, 404, path);
    }
  });

  test("get the files of --static, and nothing outside that folder", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "host-static-"));
    t.after(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, "index.html"), "<h1>hello</h1>");
    await writeFile(join(dir, ".env"), "SECRET=1");
    await mkdir(join(dir, "folder"));
    await symlink("/etc/passwd", join(dir, "link"));
    const host = await startHost(t, { flags: ["--static", dir] });
    for (const path of ["/", "/index.html"]) {
      const response = await fetch(host.url + path);
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
      assert.equal(await response.text(), "<h1>hello</h1>");
    }
    for (const path of ["/nothing.html", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/.env", "/%2eenv", "/link", "//folder"]) {
      assert.equal((await fetch(host.url + path)).status, 404, path);
    }
    assert.equal(await (await connect(t, host)).ask("echo", 1), 1);
  });
});

describe("the client library", () => {
  const library = fileURLToPath(new URL("../node_modules/socket.io-client", import.meta.url));
  const get = async (host, path) => {
    const response = await fetch(host.url + path);
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  };

  test("of --client is what a page gets at /socket.io/socket.io.js, and it works", async (t) => {
    for (const client of [library, join(library, "../.."), join(library, "dist/socket.io.js")]) {
      const host = await startHost(t, { flags: ["--client", client] });
      const { status, type, text } = await get(host, "/socket.io/socket.io.js?x=1");
      assert.deepEqual([status, type], [200, "text/javascript; charset=utf-8"]);
      assert.equal(text, await readFile(join(library, "dist/socket.io.js"), "utf8"));
      // As a page has it: a script that defines `io`.
      const page = { module: { exports: {} }, XMLHttpRequest: undefined, location: new URL(host.url), setTimeout, clearTimeout, WebSocket, URL, console, document: {}, addEventListener() {}, removeEventListener() {} };
      Object.assign(page, { self: page, window: page, module: undefined });
      runInNewContext(text, page);
      const socket = page.io("/probe", { transports: ["websocket"], reconnection: false });
      t.after(() => socket.disconnect());
      assert.equal(await within(socket.emitWithAck("echo", 7), "an answer"), 7);
      assert.equal((await get(host, "/socket.io/?EIO=4&transport=polling")).status, 200);
    }
  });

  test("has all its files; without --client the answer says how to get it", async (t) => {
    const host = await startHost(t, { flags: ["--client", library] });
    for (const file of ["socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js", "socket.io.js.map"]) {
      assert.equal((await get(host, `/socket.io/${file}`)).status, 200, file);
    }
    assert.equal((await get(host, "/socket.io/socket.io.css")).status, 400);
    const without = await get(await startHost(t), "/socket.io/socket.io.js");
    assert.equal(without.status, 404);
    assert.match(without.text, /--client/);
  });

  test("gives way to a file of --static", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "host-client-"));
    t.after(() => rm(dir, { recursive: true }));
    await mkdir(join(dir, "socket.io"));
    await writeFile(join(dir, "socket.io/socket.io.js"), "mine");
    const host = await startHost(t, { flags: ["--static", dir, "--client", library] });
    assert.equal((await get(host, "/socket.io/socket.io.js")).text, "mine");
    assert.equal((await get(host, "/socket.io/socket.io.min.js")).status, 200);
    assert.equal(await (await connect(t, host)).ask("echo", 1), 1);
  });
});

test("a request of HTTP/1.1 names one host", async (t) => {
  const host = await startHost(t);
  const status = async (...lines) => {
    const socket = createConnection(host.port, "127.0.0.1");
    socket.write(["GET /socket.io/?EIO=4&transport=polling HTTP/1.1", ...lines, "Connection: close", "", ""].join("\r\n"));
    let text = "";
    for await (const chunk of socket) text += chunk;
    return text.split(" ")[1];
  };
  assert.equal(await status("Host: a"), "200");
  assert.equal(await status(), "400");
  assert.equal(await status("Host: a", "Host: b"), "400");
});

describe("stopping", () => {
  test("runs $disconnect of every socket and finishes running handlers, then exits with 0", async (t) => {
    const host = await startHost(t);
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, host)));
    const slow = await connect(t, host, "/probe", { auth: { mode: "slowLeave", ms: 500 } });
    host.signal("SIGTERM");
    await Promise.all([...clients, slow].map((client) => client.disconnected()));
    assert.deepEqual(await host.exited(), { code: 0, signal: null });
    const counters = await host.stop();
    assert.equal(counters.sockets_disconnected, 6);
    assert.equal(counters.events_handled, 12, "$connect and $disconnect of each");
    assert.equal(counters.sessions_closed, 6);
  });

  test("does not wait for a client that does not read a file", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "host-static-"));
    t.after(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, "large"), Buffer.alloc(64 << 20));
    const host = await startHost(t, { flags: ["--static", dir] });
    const socket = createConnection(host.port, "127.0.0.1");
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    socket.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((begun) => socket.once("data", begun));
    socket.pause();
    await host.stop();
    assert.ok(!host.lines.some((line) => /still run/.test(line.message)), "it did not wait to the end of its patience");
  });

  test("does not wait for a polling client that was to be told of its session's end", async (t) => {
    const host = await startHost(t);
    const watcher = await connect(t, host);
    const polling = new RawPolling(host);
    await polling.join();
    await polling.post("garbage");
    assert.equal((await watcher.next("left"))[0].reason, "parse error");
    await host.stop();
    assert.deepEqual(host.lines.filter((line) => /still run after/.test(line.message)), []);
  });

  test("takes no more connections", async (t) => {
    const host = await startHost(t);
    await connect(t, host, "/probe", { auth: { mode: "slowLeave", ms: 2000 } });
    host.signal("SIGTERM");
    await host.log((line) => line.message.startsWith("stopping"));
    await assert.rejects(fetch(`${host.url}/socket.io/?EIO=4&transport=polling`));
  });

  test("a second signal exits at once", async (t) => {
    const host = await startHost(t, { flags: ["--handler-time", "60s"] });
    await connect(t, host, "/probe", { auth: { mode: "slowLeave", ms: 50_000 } });
    host.signal("SIGTERM");
    await host.log((line) => line.message.startsWith("stopping"));
    const asked = Date.now();
    host.signal("SIGTERM");
    const { code } = await host.exited();
    assert.notEqual(code, 0);
    assert.ok(Date.now() - asked < 8_000, "it did not wait for the handler, nor for the 10 s that handlers get");
  });
});
