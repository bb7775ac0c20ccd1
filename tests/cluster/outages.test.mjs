/** What fails between nodes, in both formats: Redis, another node, and what others say. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";

import { connect } from "../e2e/support/clients.mjs";
import { startHost } from "../e2e/support/host.mjs";
import { startRedis } from "../e2e/support/redis.mjs";
import { sleep, until } from "../e2e/support/wait.mjs";
import { connectRedis } from "./support/server.mjs";

for (const format of ["pubsub", "streams"]) {
  describe(format, () => {
    /** A Redis and two hosts, with a client on each. */
    async function two(t, { flags = [], keep = [] } = {}) {
      const redis = await startRedis(t, ...keep);
      const prefix = `test-${randomUUID()}`;
      const all = ["--cluster", redis.url, "--cluster-format", format, "--cluster-prefix", prefix, ...flags];
      const hosts = [await startHost(t, { flags: all }), await startHost(t, { flags: all })];
      const auth = { quiet: true };
      const [ann, bea] = [await connect(t, hosts[0], "/probe", { auth }), await connect(t, hosts[1], "/probe", { auth })];
      return { redis, hosts, ann, bea, prefix };
    }

    const away = (host) => host.log(({ message }) => message.startsWith("the cluster's Redis is away"));
    const back = (host) => host.log(({ message }) => message === "the cluster's Redis is back");
    /** How many sockets there are; nothing if a node did not answer, for then the handler fails and acknowledges nothing. */
    const counted = (client) => Promise.race([client.ask("count", { from: "ns" }).catch(() => undefined), sleep(7_000)]);
    /** The error of a handler's call. */
    const failure = (host, text) => host.log((line) => JSON.stringify(line).includes(text));

    test("Redis is killed and comes back: local clients go on, and what is said meanwhile arrives later", async (t) => {
      const { redis, hosts, ann, bea } = await two(t);
      const dan = await connect(t, hosts[0], "/probe", { auth: { quiet: true } });
      await redis.stop("SIGKILL");
      for (const host of hosts) await away(host);
      await ann.ask("op", { broadcast: true, event: "news", args: 1 });
      assert.deepEqual(await dan.next("news"), [1]);
      ann.emit("fetch", { from: "ns" });
      await failure(hosts[0], "the cluster cannot be reached: cannot reach the other nodes: Redis at 127.0.0.1");
      ann.socket.on("question", (_, ack) => ack("ann"));
      const asked = await ann.ask("askAll", { from: "ns", except: [dan.id], event: "question", ms: 20_000 });
      assert.deepEqual(asked.answers, ["ann"], "nobody waits for nodes that cannot be reached");
      await redis.start();
      for (const host of hosts) await back(host);
      await ann.ask("op", { broadcast: true, event: "news", args: 2 });
      // In order; Node's stream readers and ours may come back after the sender.
      const heard = [await bea.next("news")];
      if (heard[0][0] === 1) heard.push(await bea.next("news"));
      assert.deepEqual(heard.at(-1), [2]);
      if (format === "streams") assert.deepEqual(heard, [[1], [2]], "the stream is read on from its last entry");
      await until(async () => (await counted(ann)) === 3, "all nodes are found again");
      assert.equal((await hosts[0].status()).cluster_outages, 1);
    });

    test("what waits while Redis is away is bounded", async (t) => {
      const { redis, hosts, ann } = await two(t, { flags: ["--cluster-queue", "10kB", "--cluster-queue-time", "1s"] });
      await redis.stop("SIGKILL");
      await away(hosts[0]);
      for (let number = 0; number < 20; number++) await ann.ask("op", { broadcast: true, event: "news", args: "x".repeat(1_000) });
      const { cluster_unsent: unsent } = await hosts[0].status();
      assert.ok(unsent >= 10 && unsent < 20, `${unsent} are dropped at once`);
      await until(async () => (await hosts[0].status()).cluster_unsent === 20, "the others are dropped when their time is up");
    });

    test("Redis does not answer: requests end in time, and local clients go on", async (t) => {
      const { redis, hosts, ann } = await two(t);
      redis.pause();
      try {
        ann.emit("fetch", { from: "ns" });
        await failure(hosts[0], "of the cluster's other nodes did not answer in time");
        assert.equal(await (await connect(t, hosts[0])).ask("echo", 1), 1);
      } finally {
        redis.resume();
      }
      await until(async () => (await counted(ann)) === 3, "all nodes are found again");
    });

    test("a node is killed: the others do not wait for it", async (t) => {
      const { hosts, ann, bea } = await two(t);
      assert.equal(await ann.ask("count", { from: "ns" }), 2);
      process.kill(hosts[1].pid, "SIGKILL");
      await bea.disconnected();
      await until(async () => (await counted(ann)) === 1, "the node is counted no more");
      ann.socket.on("question", (_, ack) => ack(1));
      const { answers, missing } = await ann.ask("askAll", { from: "ns", event: "question", ms: 20_000 });
      assert.deepEqual([answers, missing], [[1], 0]);
    });

    test("a node is silent: requests end in time and say so", async (t) => {
      const { hosts, ann } = await two(t);
      process.kill(hosts[1].pid, "SIGSTOP");
      try {
        ann.socket.on("question", (_, ack) => ack(1));
        const { answers, missing } = await ann.ask("askAll", { from: "ns", event: "question", ms: 1_000 });
        assert.deepEqual([answers, missing], [[1], 1]);
        ann.emit("fetch", { from: "ns" });
        await failure(hosts[0], "1 of the cluster's other nodes did not answer in time");
      } finally {
        process.kill(hosts[1].pid, "SIGCONT");
      }
    });

    test("malformed messages are dropped and counted, and those that follow are carried out", async (t) => {
      const { redis, hosts, ann, bea, prefix } = await two(t);
      const client = await connectRedis(t, redis);
      const channels = [`${prefix}#/probe#`, `${prefix}-request#/probe#`];
      const bad = ["", "x", "{", '{"type":5}', '{"type":2,"opts":{"rooms":7}}', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])];
      for (const channel of channels) for (const message of bad) await client.publish(channel, message);
      if (format === "streams") {
        for (const data of ["{", "?", '{"packet":7}']) {
          await client.xAdd(prefix, "*", { uid: "x", nsp: "/probe", type: "3", data });
        }
        await client.xAdd(prefix, "*", { something: "else" });
      }
      await ann.ask("op", { from: "ns", event: "news", args: 1 });
      assert.deepEqual(await bea.next("news"), [1]);
      await until(async () => (await hosts[1].status()).cluster_malformed >= 5, "they are counted");
      assert.equal(await ann.ask("count", { from: "ns" }), 2);
    });

    test("a host that stops says to other nodes what its handlers said last", async (t) => {
      const { hosts, ann, bea } = await two(t);
      const { id } = await connect(t, hosts[0], "/probe");
      await hosts[0].stop();
      await ann.disconnected();
      const [left] = await bea.next("left");
      assert.deepEqual([left.id, left.reason], [id, "server shutting down"]);
    });
  });
}
