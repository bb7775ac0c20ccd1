/** The log never blocks, fails or ends the host, and it does not grow with what clients and guests do. */

import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { describe, test } from "node:test";

import { connect } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";
import { sleep, until } from "./support/wait.mjs";

describe("a log that nobody takes", () => {
  const cases = {
    "a full disk": { stderr: () => openSync("/dev/full", "w") },
    "a full pipe": { stderr: () => "unread" },
    "a reader that has gone": { stderr: () => "pipe", then: (host) => host.closeLog() },
  };
  for (const [name, { stderr, then = () => {} }] of Object.entries(cases)) {
    test(`${name}: events are handled, signals work, the host stops in order`, async (t) => {
      const host = await startHost(t, { stderr: stderr() });
      then(host);
      const client = await connect(t, host);
      await overflow(client);
      process.kill(host.pid, "SIGUSR1");
      assert.equal(await client.ask("echo", 7), 7);
      // `startHost` stops it, and it must exit with 0.
    });
  }
});

test("lines that were dropped are counted, and told when there is room again", async (t) => {
  const host = await startHost(t, { stderr: "unread" });
  const client = await connect(t, host);
  await overflow(client);
  host.readLog();
  const { lines } = await host.log((line) => line.message?.startsWith("log lines were dropped"));
  assert.ok(lines > 0, `${lines}`);
});

test("numbers are numbers, and misspelled settings are told", async (t) => {
  const host = await startHost(t, { flags: ["--no-cache"], env: { HOST_LOG: "debug", HOST_MAX_PAYLOD: "1" } });
  await host.log((line) => line.message === "compiled");
  await host.log((line) => line.level === "WARN" && /HOST_MAX_PAYLOD .* mean HOST_MAX_PAYLOAD\?/.test(line.message));
  process.kill(host.pid, "SIGUSR1");
  await host.log((line) => line.message === "status");
  const texts = host.lines.flatMap(Object.entries).filter(([, value]) => /^-?\d+(\.\d+)?$/.test(value));
  assert.deepEqual(texts.filter(([, value]) => typeof value === "string"), []);
});

test("equal failures are one line a second, with their number", async (t) => {
  const host = await startHost(t);
  const client = await connect(t, host);
  const wrong = (line) => line.event === "typed" && /invalid arguments/.test(line.message);
  for (let count = 0; count < 500; count++) client.emit("typed", "no number");
  await host.log(wrong);
  await client.ask("echo", 1);
  await until(() => total(host.lines.filter(wrong)) === 500, "all are told");
  assert.ok(host.lines.filter(wrong).length < 100, `${host.lines.filter(wrong).length} lines`);
  // Another event is told apart.
  await client.emit("trap");
  await host.log((line) => line.event === "trap");
});

test("what a namespace prints is bounded", async (t) => {
  const host = await startHost(t);
  const client = await connect(t, host);
  const before = Date.now();
  for (let round = 0; round < 60; round++) {
    await Promise.all(Array.from({ length: 10 }, () => client.ask("print", "x".repeat(7_000))));
  }
  await host.log((line) => line.message?.startsWith("output dropped"));
  await sleep(100);
  const printed = host.lines.filter((line) => line.target === "guest").reduce((sum, line) => sum + line.message.length, 0);
  const seconds = (Date.now() - before) / 1_000;
  assert.ok(printed < 1.1 * 1024 * (1024 + 256 * seconds), `${printed} bytes in ${seconds} s`);
});

/** Prints more lines than a pipe and the host's queue hold together, and fewer bytes than a namespace may print at once. */
async function overflow(client) {
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 50 }, () => client.ask("print", "x".repeat(100))));
  }
}

/** How many failures the lines stand for. */
function total(lines) {
  return lines.reduce((sum, { count = 1 }) => sum + Number(count), 0);
}
