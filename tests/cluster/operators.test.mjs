/**
 * Every operator across nodes, in both formats: two hosts, and a Node server with the adapter from npm beside them. Each
 * test runs with the sender on a host and on the Node server.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";

import { Emitter } from "@socket.io/redis-emitter";

import { connect } from "../e2e/support/clients.mjs";
import { startHost } from "../e2e/support/host.mjs";
import { startRedis } from "../e2e/support/redis.mjs";
import { until } from "../e2e/support/wait.mjs";
import { crowd, recipients } from "./support/crowd.mjs";
import { scope } from "./support/scope.mjs";
import { connectRedis, startServer } from "./support/server.mjs";

const OPERATORS = [
  ["everybody", { from: "ns" }, ["ann", "bea", "cem", "dan"]],
  ["a room", { from: "ns", to: ["red"] }, ["ann", "bea"]],
  ["a room without the sender", { to: ["red"] }, ["bea"]],
  ["two rooms, once each", { from: "ns", to: ["red", "blue"] }, ["ann", "bea", "cem"]],
  ["all but a room", { from: "ns", except: ["red"] }, ["cem", "dan"]],
  ["a room but those of another", { from: "ns", to: ["red"], except: ["blue"] }, ["ann"]],
  ["all but the sender", { broadcast: true }, ["bea", "cem", "dan"]],
  ["all but the sender, volatile", { broadcast: true, volatile: true }, ["bea", "cem", "dan"]],
  ["nobody", { from: "ns", to: ["nobody"] }, []],
  ["this node's sockets", { from: "ns", local: true }, ["ann"]],
];

for (const format of ["pubsub", "streams"]) {
  describe(format, () => {
    const shared = scope();
    let redis;
    let host;
    let other;
    let server;
    const prefix = `test-${randomUUID()}`;
    before(async () => {
      redis = await startRedis(shared);
      const flags = ["--cluster", redis.url, "--cluster-format", format, "--cluster-prefix", prefix];
      host = await startHost(shared, { components: ["probe", "/other=nameless"], flags });
      other = await startHost(shared, { components: ["probe", "/other=nameless"], flags });
      server = await startServer(shared, redis, format, prefix);
      await until(async () => (await server.probe.adapter.serverCount()) === 3, "three nodes know each other");
    });

    for (const from of ["a host", "a Node server"]) {
      /** The sender's node first; `bea` and `dan` share one, `cem` has the third. */
      const nodes = () => (from === "a host" ? [host, other, server, other] : [server, host, other, host]);

      describe(`from ${from}`, () => {
        for (const [name, op, expected] of OPERATORS) {
          test(`an event reaches ${name}`, async (t) => {
            const clients = await crowd(t, nodes());
            await clients.ann.ask("op", { ...op, event: "news", args: { n: [1, "é"] } });
            assert.deepEqual(await recipients(clients, "news"), expected);
            for (const name of expected) assert.deepEqual(clients[name].all("news"), [[{ n: [1, "é"] }]]);
          });
        }

        test("a private message reaches the socket with the id", async (t) => {
          const clients = await crowd(t, nodes());
          await clients.ann.ask("op", { from: "ns", to: [clients.dan.id], event: "private", args: 1 });
          assert.deepEqual(await recipients(clients, "private"), ["dan"]);
        });

        test("binary arguments arrive as they were", async (t) => {
          const clients = await crowd(t, nodes());
          const sent = [1, Buffer.from([0, 1, 255]), { deep: [Buffer.from("x"), Buffer.alloc(0)] }];
          await clients.ann.ask("pass", ...sent);
          for (const name of ["bea", "cem", "dan"]) assert.deepEqual(await clients[name].next("passed"), sent);
        });

        test("events keep their order", async (t) => {
          const clients = await crowd(t, nodes());
          for (let number = 0; number < 200; number++) clients.ann.emit("op", { broadcast: true, event: "news", args: number });
          for (const name of ["bea", "cem", "dan"]) {
            for (let number = 0; number < 200; number++) assert.deepEqual(await clients[name].next("news"), [number]);
          }
        });

        test("all acknowledge", async (t) => {
          const clients = await crowd(t, nodes());
          for (const [name, client] of Object.entries(clients)) {
            client.socket.on("question", (n, ack) => ack({ name, n }));
          }
          const asked = async (op) => {
            const { answers, missing = 0 } = await clients.ann.ask("askAll", { event: "question", ms: 20_000, args: 7, ...op });
            assert.equal(missing, 0);
            return answers.map(({ name, n }) => `${name} ${n}`).sort();
          };
          assert.deepEqual(await asked({ from: "ns" }), ["ann 7", "bea 7", "cem 7", "dan 7"]);
          assert.deepEqual(await asked({ from: "ns", to: ["blue"] }), ["bea 7", "cem 7"]);
          assert.deepEqual(await asked({ to: ["red"] }), ["bea 7"]);
          assert.deepEqual(await asked({ from: "ns", to: ["nobody"] }), []);
        });

        test("who does not acknowledge is missing", async (t) => {
          const clients = await crowd(t, nodes());
          clients.bea.socket.on("question", (_, ack) => ack(2));
          const op = { from: "ns", to: ["blue"], event: "question", ms: 500 };
          const { answers, missing, failed } = await clients.ann.ask("askAll", op);
          assert.deepEqual(answers, [2]);
          assert.ok(missing === 1 || failed);
        });

        test("sockets of all nodes are found", async (t) => {
          const clients = await crowd(t, nodes());
          for (const [name, client] of Object.entries(clients)) await client.ask("set", "name", name);
          const found = await clients.ann.ask("fetch", { from: "ns", to: ["blue"] });
          found.sort((a, b) => (a.data.name < b.data.name ? -1 : 1));
          assert.deepEqual(found, [
            {
              id: clients.bea.id,
              rooms: ["blue", "red", clients.bea.id].sort(),
              data: { mode: null, name: "bea" },
              address: "127.0.0.1",
              auth: { name: "bea", quiet: true },
            },
            {
              id: clients.cem.id,
              rooms: ["blue", clients.cem.id].sort(),
              data: { mode: null, name: "cem" },
              address: "127.0.0.1",
              auth: { name: "cem", quiet: true },
            },
          ]);
          assert.equal((await clients.ann.ask("fetch", { from: "ns" })).length, 4);
          assert.equal((await clients.ann.ask("fetch", {})).length, 3, "socket.* leaves the sender out");
          assert.equal((await clients.ann.ask("fetch", { from: "ns", local: true })).length, 1);
        });

        test("sockets join and leave, and hear what comes next", async (t) => {
          const clients = await crowd(t, nodes());
          await clients.ann.ask("socketsJoin", { from: "ns", to: ["blue"], rooms: ["green", "gold"] });
          await clients.ann.ask("op", { from: "ns", to: ["green"], event: "news", args: 1 });
          await clients.ann.ask("socketsLeave", { from: "ns", to: ["red"], rooms: ["gold"] });
          await clients.ann.ask("op", { from: "ns", to: ["gold"], event: "news", args: 2 });
          assert.deepEqual(await recipients(clients, "news"), ["bea", "cem", "cem"]);
          assert.deepEqual((await clients.bea.ask("info")).rooms, ["blue", "green", "red", clients.bea.id].sort());
          assert.deepEqual((await clients.cem.ask("info")).rooms, ["blue", "gold", "green", clients.cem.id].sort());
        });

        for (const close of [false, true]) {
          test(close ? "sessions are ended" : "sockets are taken out of the namespace", async (t) => {
            const clients = await crowd(t, nodes());
            await clients.ann.ask("disconnectSockets", { from: "ns", to: ["blue"], close });
            for (const name of ["bea", "cem"]) {
              const reason = await clients[name].disconnected();
              assert.equal(reason, "io server disconnect");
            }
            assert.equal(await clients.ann.ask("echo", 1), 1);
            assert.equal(await clients.dan.ask("echo", 1), 1);
          });
        }
      });
    }

    test("namespaces are independent of each other", async (t) => {
      const strangers = [await connect(t, host, "/other"), await connect(t, other, "/other")];
      const clients = await crowd(t, [host, other]);
      await clients.ann.ask("op", { from: "ns", event: "news", args: 1 });
      assert.deepEqual(await recipients(clients, "news"), ["ann", "bea", "cem", "dan"]);
      for (const stranger of strangers) {
        await stranger.ask("name");
        assert.deepEqual(stranger.events, []);
      }
    });

    test("a message that concerns nobody here is not decoded", async (t) => {
      const clients = await crowd(t, [host]);
      const before = await other.status();
      for (let number = 0; number < 10; number++) {
        await clients.ann.ask("op", { from: "ns", to: ["red"], event: "news", args: number });
      }
      await until(async () => (await other.status()).cluster_ignored >= before.cluster_ignored + 10, "the other node heard");
      assert.equal((await other.status()).cluster_received, before.cluster_received);
    });

    if (format === "pubsub") {
      test("@socket.io/redis-emitter reaches sockets of all nodes", async (t) => {
        const clients = await crowd(t, [host, other, server, other]);
        const emitter = new Emitter(await connectRedis(t, redis), { key: prefix }).of("/probe");
        emitter.to("red").except("blue").emit("news", "one", Buffer.from([1]));
        assert.deepEqual(await clients.ann.next("news"), ["one", Buffer.from([1])]);
        emitter.in("blue").socketsJoin("green");
        emitter.to("green").emit("news", "two");
        for (const name of ["bea", "cem"]) assert.deepEqual(await clients[name].next("news"), ["two"]);
        emitter.in("red").socketsLeave("green");
        emitter.to(["green", "nobody"]).emit("news", "three");
        assert.deepEqual(await clients.cem.next("news"), ["three"]);
        emitter.in("red").disconnectSockets();
        for (const name of ["ann", "bea"]) assert.equal(await clients[name].disconnected(), "io server disconnect");
        assert.deepEqual(clients.bea.all("news"), [["two"]]);
        assert.deepEqual(clients.dan.all("news"), []);
      });

      test("a Node server lists the rooms of hosts", async (t) => {
        const clients = await crowd(t, [host, other, server, other]);
        const rooms = await server.probe.adapter.allRooms();
        for (const room of ["red", "blue", clients.ann.id, clients.dan.id]) assert.ok(rooms.has(room), room);
      });
    }
  });
}
