/** Clients that send faster than they are served, or receive more slowly than they cause answers. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, rawWebSocket, RawPolling } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { sleep, until } from "./support/wait.mjs";

const MiB = 1 << 20;
/** What the kernels hold of one connection, in both directions, and what the host may hold of one session. */
const HELD = 32 * MiB;
const LARGE = "x".repeat(500_000);

/** Answers to pings do not wait for the test. */
function answerPings(raw) {
  raw.socket.on("message", (data) => String(data) === "2" && raw.send("3"));
}

/** The host holds little more than before. */
async function assertBounded(t, host, before) {
  const more = (await host.memory()) - before;
  t.diagnostic(`the host's memory grew by ${(more / MiB).toFixed(1)} MiB`);
  assert.ok(more < HELD, `${more} bytes more`);
}

async function answers(raw, count) {
  for (let id = 0; id < count; id++) {
    const frame = await raw.skipTo("43/probe,");
    assert.ok(frame.startsWith(`43/probe,${id}[`), `answer ${id}, not ${frame.slice(0, 20)}`);
  }
}

describe("websocket", () => {
  test("a client that sends many large events before it reads an answer gets them all, in order", async (t) => {
    const host = await startHost(t);
    const raw = await rawWebSocket(t, host);
    await raw.join();
    const before = await host.memory();
    for (let id = 0; id < 200; id++) raw.send(`42/probe,${id}["echo","${LARGE}"]`);
    await answers(raw, 200);
    await assertBounded(t, host, before);
    assert.equal((await host.stop()).slow_consumers, 0);
  });

  test("a client that stops reading is not served, holds little, and goes on where it stopped", async (t) => {
    const host = await startHost(t, { flags: ["--ping-interval", "300ms", "--ping-timeout", "60s"] });
    const raw = await rawWebSocket(t, host);
    answerPings(raw);
    await raw.join();
    const other = await connect(t, host);
    const before = await host.memory();
    raw.socket.pause();
    for (let id = 0; id < 200; id++) raw.send(`42/probe,${id}["echo","${LARGE}"]`);
    await sleep(1000);
    assert.ok(raw.socket.bufferedAmount > 50 * MiB, `${raw.socket.bufferedAmount} bytes wait at the client`);
    await assertBounded(t, host, before);
    assert.equal(await other.ask("echo", 1), 1, "others do not notice");
    raw.socket.resume();
    await answers(raw, 200);
    assert.equal((await host.stop()).slow_consumers, 0);
  });

  test("a client that never reads again is given up", async (t) => {
    const host = await startHost(t, { flags: ["--ping-interval", "500ms", "--ping-timeout", "1s"] });
    const witness = await connect(t, host);
    const raw = await rawWebSocket(t, host);
    await raw.join();
    raw.socket.pause();
    for (let id = 0; id < 200; id++) raw.send(`42/probe,${id}["echo","${LARGE}"]`);
    assert.equal((await witness.next("left"))[0].reason, "ping timeout");
    assert.equal((await host.stop()).slow_consumers, 1);
  });
});

describe("long-polling", () => {
  test("a client that stops polling is not served, and gets all answers when it polls", async (t) => {
    const host = await startHost(t);
    const polling = new RawPolling(host);
    await polling.join();
    const before = await host.memory();
    let posted = 0;
    const post = async () => {
      for (let id = 0; id < 100; id += 2) {
        const status = await polling.post(...[id, id + 1].map((id) => `42/probe,${id}["echo","${LARGE.slice(0, 450_000)}"]`));
        assert.equal(status, 200);
        posted += 2;
      }
    };
    const posting = post();
    await until(async () => {
      const seen = posted;
      await sleep(300);
      return posted === seen && posted > 0;
    }, "a POST is answered late");
    assert.ok(posted < 100, `${posted} events were taken`);
    await assertBounded(t, host, before);
    const received = [];
    while (received.length < 100) {
      received.push(...(await polling.get()).filter((packet) => packet.startsWith("43")).map((packet) => parseInt(packet.slice(9))));
    }
    await posting;
    assert.deepEqual(received, Array.from({ length: 100 }, (_, id) => id));
    assert.equal((await host.stop()).slow_consumers, 0);
  });

  test("a client that never polls again is given up", async (t) => {
    const host = await startHost(t, { flags: ["--ping-interval", "500ms", "--ping-timeout", "1s"] });
    const witness = await connect(t, host);
    const polling = new RawPolling(host);
    await polling.join();
    const post = async () => {
      while ((await polling.post(`42/probe,1["echo","${LARGE}"]`)) === 200);
    };
    const posting = post();
    assert.equal((await witness.next("left"))[0].reason, "ping timeout");
    await posting;
    assert.equal((await host.stop()).slow_consumers, 1);
  });
});

test("a flood of small events is handled in order, and others are served meanwhile", async (t) => {
  const host = await startHost(t);
  const raw = await rawWebSocket(t, host);
  await raw.join();
  const other = await connect(t, host);
  const before = await host.memory();
  const count = 20_000;
  for (let id = 0; id < count; id++) raw.send(`42/probe,${id}["echo",${id}]`);
  const flood = answers(raw, count);
  for (let number = 0; number < 20; number++) assert.equal(await other.ask("echo", number), number);
  await flood;
  await assertBounded(t, host, before);
});
