/** What a host says that cannot join a cluster. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";

import { connect } from "../e2e/support/clients.mjs";
import { startHost } from "../e2e/support/host.mjs";
import { startRedis } from "../e2e/support/redis.mjs";
import { startServer } from "./support/server.mjs";

/** Starts a host that is to fail; what it says. */
async function refused(...flags) {
  // It need not be stopped.
  const start = startHost({ after: () => {} }, { flags });
  const { message } = await start.then(() => assert.fail("the host has started"), (error) => error);
  assert.match(message, /the host did not start/);
  return message;
}

describe("a host does not start", () => {
  test("where Redis is not there", async () => {
    const said = await refused("--cluster", "redis://me:secret@127.0.0.1:1");
    assert.match(said, /cannot reach Redis at 127\.0\.0\.1:1: /);
    assert.match(said, /hint: start Redis there, or give another address/);
    assert.ok(!said.includes("secret"), said);
  });

  test("where the address is none, and does not repeat it", async () => {
    const said = await refused("--cluster", "http://me:secret@127.0.0.1");
    assert.match(said, /--cluster is not the URL of a Redis/);
    assert.ok(!said.includes("secret"), said);
  });

  test("without the password, or with a wrong one", async (t) => {
    const redis = await startRedis(t, "--requirepass", "secret");
    const at = (user) => redis.url.replace("redis://", `redis://${user}`);
    for (const wrong of ["", ":wrongword@", "me:wrongword@"]) {
      const said = await refused("--cluster", at(wrong));
      assert.match(said, /refuses the user or the password/);
      assert.ok(!said.includes("wrongword"), said);
    }
    const host = await startHost(t, { flags: ["--cluster", at(":secret@")] });
    assert.ok(!JSON.stringify(host.lines).includes("secret"));
    assert.equal(await (await connect(t, host)).ask("count", { from: "ns" }), 1);
  });

  test("with a Redis that is too old", async (t) => {
    const redis = await startRedis(t, "--rename-command", "HELLO", "");
    const said = await refused("--cluster", redis.url);
    assert.match(said, /Redis at 127\.0\.0\.1:\d+ is too old/);
    assert.match(said, /hint: use Redis 7\.0 or newer, or Valkey/);
  });

  for (const [format, other] of [["pubsub", "streams"], ["streams", "pubsub"]]) {
    test(`with ${format} where other nodes use ${other} with the same prefix`, async (t) => {
      const redis = await startRedis(t);
      const prefix = `test-${randomUUID()}`;
      const flags = (format) => ["--cluster", redis.url, "--cluster-prefix", prefix, "--cluster-format", format];
      const expected = new RegExp(`other nodes use the prefix \`${prefix}\` with the format \`${other}\`, not \`${format}\``);
      const ends = [];
      await startServer({ after: (end) => ends.push(end) }, redis, other, prefix);
      assert.match(await refused(...flags(format)), expected, "a Node server");
      for (const end of ends.reverse()) await end();
      await startHost(t, { flags: flags(other) });
      assert.match(await refused(...flags(format)), expected, "a host");
    });
  }
});
