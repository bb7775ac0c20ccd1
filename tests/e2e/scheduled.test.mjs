/**
 * Schedules, through the real binary: what the guest `clock` does each second. When something is due, on fixed days, is in
 * `host/crates/gateway/src/model/times_tests.rs`. Whether a second passes in time is no question here: only order and numbers.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "./support/clients.mjs";
import { runHost, startHost } from "./support/host.mjs";
import { until } from "./support/wait.mjs";

const start = (t, options = {}) => startHost(t, { components: ["clock"], ...options });
const join = (t, host) => connect(t, host, "/clock");

test("a schedule runs without a socket, reaches all clients, and keeps state", async (t) => {
  const host = await start(t);
  const [ada, bob] = [await join(t, host), await join(t, host)];
  const seen = [];
  while (seen.length < 3) {
    const [tick] = await ada.next("tick");
    if (tick.sockets === 2) seen.push(tick);
  }
  const [first] = seen;
  for (const [i, tick] of seen.entries()) {
    assert.deepEqual({ ...tick, due: 0 }, { n: first.n + i, due: 0, sockets: 2, id: "", rooms: 0, connected: false });
    assert.equal(tick.due % 1_000, 0, "a multiple of the interval since 1970");
    if (i > 0) assert.ok(tick.due > seen[i - 1].due, "each time once");
    assert.ok(tick.due <= Date.now());
  }
  await until(() => bob.all("tick").some(([{ n }]) => n === seen.at(-1).n), "the other client has the same");
  assert.ok((await ada.ask("count")) >= seen.at(-1).n);
});

test("two runs of a schedule are never under way at once; those that are skipped are logged and counted", async (t) => {
  const host = await start(t);
  const client = await join(t, host);
  for (let i = 0; i < 2; i++) assert.deepEqual(await client.next("begun"), [1]);
  const skipped = await host.log((line) => line.message?.startsWith("a run was skipped: the last one still goes"));
  assert.equal(skipped.level, "WARN");
  assert.equal(skipped.namespace, "/clock");
  assert.equal(skipped.schedule, "every 1s #2");
  const ticks = client.all("tick").length;
  const { schedules_run: run, schedules_skipped } = await host.status();
  assert.ok(schedules_skipped >= 1 && run > ticks, `${schedules_skipped} skipped, ${run} run`);
});

test("a run that traps or fails is logged, and the next ones run", async (t) => {
  const host = await start(t);
  const client = await join(t, host);
  const [n] = await client.next("survived");
  const [later] = await client.next("survived");
  assert.equal(later, n + 2, "the one between them has trapped");
  assert.equal(client.all("before").length, 0, "what it had called was not sent");
  await client.next("failing");
  await client.next("failing");
  const logged = (event, text) => host.log((line) => line.level === "ERROR" && line.event === event && line.message.includes(text));
  const trapped = await logged("every 1s #3", "handler trapped");
  assert.deepEqual({ level: trapped.level, namespace: trapped.namespace }, { level: "ERROR", namespace: "/clock" });
  assert.equal((await logged("every 1s #4", "as it was told")).level, "ERROR");
});

test("a run has the time of a handler", async (t) => {
  const host = await start(t, { flags: ["--handler-time", "1s"] });
  const client = await join(t, host);
  await host.log((line) => line.event === "every 1s #2" && line.message.includes("handler ran longer than 1s"));
  // What was stopped has not counted itself out.
  await until(() => client.all("begun").some(([underWay]) => underWay > 1), "the next ones run");
});

test("to stop is to let a run finish, and to begin none", async (t) => {
  const host = await start(t);
  const client = await join(t, host);
  await client.next("begun");
  await host.stop();
  const said = host.lines.map((line) => line.message);
  const stopping = said.findIndex((message) => message?.startsWith("stopping"));
  assert.ok(said.lastIndexOf("slow is over") > stopping, said.join("\n"));
  // One may just have begun.
  assert.ok(said.slice(stopping).filter((message) => message === "tick").length <= 1, said.join("\n"));
});

test("with reused instances schedules still run in fresh ones", async (t) => {
  const host = await start(t, { flags: ["--reuse", "100"] });
  const client = await join(t, host);
  const [first] = await client.next("tick");
  const [second] = await client.next("tick");
  assert.equal(second.n, first.n + 1);
});

test("the log at start and `host inspect` tell the schedules", async (t) => {
  const host = await start(t);
  const all = ["every 1s", "every 1s (every 1s #2)", "every 1s (every 1s #3)", "every 1s (every 1s #4)", "0 9 * * mon Europe/Berlin"];
  const mounted = await host.log((line) => line.message === "mounted");
  assert.equal(mounted.schedules, all.join(", "));
  const { code, stdout } = await runHost(["inspect", mounted.component]);
  assert.equal(code, 0);
  const lines = stdout.split("\n");
  const from = lines.findIndex((line) => line.startsWith("schedules"));
  assert.deepEqual(lines.slice(from, from + all.length).map((line) => line.slice(11)), all);
});

test("a component without schedules has none", async (t) => {
  const host = await startHost(t);
  const mounted = await host.log((line) => line.message === "mounted");
  assert.equal(mounted.schedules, undefined);
  const { stdout } = await runHost(["inspect", mounted.component]);
  assert.doesNotMatch(stdout, /schedule/);
});
