/** The chat example, over long-polling, WebSocket and the upgrade from one to the other. */

import assert from "node:assert/strict";
import net from "node:net";
import { describe, test } from "node:test";

import { connect, open, rawWebSocket, RawPolling } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { sleep, until } from "./support/wait.mjs";

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  test(`two clients chat over ${transports.join(", then ")}`, async (t) => {
    const host = await startHost(t, { components: ["chat"] });
    const join = (auth) => connect(t, host, "/chat", { transports, auth });

    const ada = await join({ username: "Ada" });
    assert.deepEqual(await ada.next("welcome"), [{ message: "Hello, Ada!" }]);
    const bob = await join();
    assert.deepEqual(await bob.next("welcome"), [{ message: "Hello, Anonymous!" }]);
    assert.deepEqual(await ada.next("userJoined"), [{ username: "Anonymous" }]);
    if (transports.length > 1) {
      const upgraded = () => [ada, bob].every((client) => client.socket.io.engine.transport.name === "websocket");
      await until(upgraded, "both clients are upgraded");
    }

    ada.emit("message", { text: "hello" });
    const [message] = await bob.next("message");
    assert.deepEqual({ ...message, timestamp: 0 }, { from: "Ada", text: "hello", timestamp: 0 });
    assert.ok(Math.abs(message.timestamp - Date.now()) < 3_600_000, "milliseconds since 1970");
    bob.emit("typing", {});
    assert.deepEqual(await ada.next("typing"), [{ username: "Anonymous" }]);

    // In another room Bob hears the lobby no more, and the other way round.
    ada.emit("joinRoom", { room: "den" });
    // What one socket sends is handled in order.
    ada.emit("privateMessage", { targetSocketId: "nobody", text: "joined" });
    assert.deepEqual(await ada.next("privateMessage"), [{ from: "Ada", text: "joined" }]);
    bob.emit("joinRoom", { room: "den" });
    assert.deepEqual(await ada.next("userJoined"), [{ username: "Anonymous" }]);
    const cyd = await join({ username: "Cyd" });
    cyd.emit("message", { text: "anybody here?" });
    ada.emit("message", { room: "den", text: "in the den" });
    assert.equal((await bob.next("message"))[0].text, "in the den");

    ada.emit("privateMessage", { targetSocketId: bob.id, text: "psst" });
    const secret = [{ from: "Ada", text: "psst" }];
    assert.deepEqual(await bob.next("privateMessage"), secret);
    assert.deepEqual(await ada.next("privateMessage"), secret);

    bob.socket.disconnect();
    const left = [{ username: "Anonymous", reason: "client namespace disconnect" }];
    assert.deepEqual(await ada.next("userLeft"), left);
    assert.deepEqual(await cyd.next("userLeft"), left, "everybody in the namespace is told");
    assert.deepEqual(bob.all("message").length, 2);
    assert.deepEqual(cyd.all("message"), [], "nobody was left in the lobby");
  });
}

describe("the upgrade", () => {
  test("loses nothing, doubles nothing and keeps the order of what is sent meanwhile", async (t) => {
    const host = await startHost(t, { components: ["bench"] });
    const listener = await connect(t, host, "/bench", { transports: ["polling", "websocket"] });
    await listener.ask("join", "room");
    const sender = await connect(t, host, "/bench");
    let sent = 0;
    const engine = listener.socket.io.engine;
    while (engine.transport.name !== "websocket" || sent < 200) {
      sender.emit("say", "room", String(sent++));
      await sender.ask("echo");
    }
    sender.emit("say", "room", "end");
    await until(() => listener.all("said").at(-1)?.[0] === "end", "all has arrived");
    const expected = [...Array.from({ length: sent }, (_, number) => String(number)), "end"];
    assert.deepEqual(listener.all("said").flat(), expected);
  });

  test("that the client does not finish leaves it on polling", async (t) => {
    const host = await startHost(t, { components: ["bench"], flags: ["--upgrade-timeout", "200ms"] });
    const polling = new RawPolling(host);
    await polling.join("/bench");
    const query = `EIO=4&transport=websocket&sid=${polling.handshake.sid}`;
    const half = await rawWebSocket(t, host, { query });
    half.send("2probe");
    await half.expect("3probe");
    await half.closed();
    assert.equal(await polling.post('42/bench,0["echo","still here"]'), 200);
    await polling.skipTo('43/bench,0["still here"]');
    // Another attempt may succeed.
    const whole = await rawWebSocket(t, host, { query });
    whole.send("2probe");
    await whole.expect("3probe");
    whole.send("5", '42/bench,1["echo","upgraded"]');
    await whole.skipTo('43/bench,1["upgraded"]');
  });
});

test("a session ends with the client's close packet in polling", async (t) => {
  const host = await startHost(t);
  const watcher = await connect(t, host);
  const polling = new RawPolling(host);
  await polling.join();
  assert.equal(await polling.post("1"), 200);
  assert.equal((await watcher.next("left"))[0].reason, "transport close");
  const response = await fetch(polling.url);
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), { code: 1, message: "Session ID unknown" });
});

for (const [what, method, rest] of [
  ["GET waits", "GET", "\r\n"],
  ["POST is under way", "POST", "Content-Length: 100\r\n\r\n4"],
]) {
  test(`a polling session whose connection breaks while its ${what} is over at once`, async (t) => {
    const host = await startHost(t);
    const watcher = await connect(t, host);
    const polling = new RawPolling(host);
    await polling.join();
    const socket = net.connect(host.port, "127.0.0.1").on("error", () => {});
    socket.write(`${method} ${polling.url.slice(host.url.length)} HTTP/1.1\r\nHost: x\r\n${rest}`);
    // Time for the host to begin with it: a request that it never saw would tell it nothing.
    await sleep(200);
    socket.resetAndDestroy();
    assert.equal((await watcher.next("left"))[0].reason, "transport error");
    const response = await fetch(polling.url);
    assert.deepEqual(await response.json(), { code: 1, message: "Session ID unknown" });
  });
}

test("bad requests get the reference server's errors", async (t) => {
  const host = await startHost(t);
  const cases = [
    ["GET", "?EIO=4&transport=carrier-pigeon", 0, "Transport unknown"],
    ["GET", "?EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown"],
    ["POST", "?EIO=4&transport=polling", 2, "Bad handshake method"],
    ["GET", "?EIO=4&transport=websocket", 3, "Bad request"],
    ["GET", "?EIO=3&transport=polling", 5, "Unsupported protocol version"],
  ];
  for (const [method, query, code, message] of cases) {
    const response = await fetch(`${host.url}/socket.io/${query}`, { method });
    assert.equal(response.status, 400, query);
    assert.deepEqual(await response.json(), { code, message }, query);
  }
});

test("pages of other origins may connect only where --cors-origin names them", async (t) => {
  const ask = (host) =>
    fetch(`${host.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin: "https://example.org" } });
  const closed = await ask(await startHost(t));
  assert.equal(closed.headers.get("access-control-allow-origin"), null);
  const named = await ask(await startHost(t, { flags: ["--cors-origin", "https://example.org"] }));
  assert.equal(named.headers.get("access-control-allow-origin"), "https://example.org");
  assert.equal(named.headers.get("access-control-allow-credentials"), "true");
  const any = await ask(await startHost(t, { flags: ["--cors-origin", "*"] }));
  assert.equal(any.headers.get("access-control-allow-origin"), "*");
});

test("--path: elsewhere nothing is found", async (t) => {
  const host = await startHost(t, { components: ["bench"], flags: ["--path", "/live"] });
  assert.equal((await fetch(`${host.url}/socket.io/?EIO=4&transport=polling`)).status, 404);
  assert.equal((await open(t, host, "/bench").refused()).message, "websocket error");
});
