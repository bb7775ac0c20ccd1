/**
 * What a handler in Python can count on beside what every language has (`HOST_TEST_LANGUAGE=python` runs the semantics'
 * own tests). Each test is named after its promise; `components/probe-python/native.py` is the other side.
 */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";

import { connect, open } from "./support/clients.mjs";
import { runHost, startHost } from "./support/host.mjs";

const COMPONENTS = ["probe-python"];

async function probe(t, options) {
  const host = await startHost(t, { components: COMPONENTS, ...options });
  return { host, client: await connect(t, host) };
}

/** Lines that the guest printed while it handled an event. */
function printed(host, event) {
  return host.lines.filter((line) => line.target === "guest" && line.event === event);
}

/** Emits an event that is not acknowledged, and waits until it is handled. */
async function unanswered(client, ...args) {
  let acknowledged = false;
  client.emit(...args, () => (acknowledged = true));
  await client.ask("echo");
  assert.equal(acknowledged, false);
}

describe("async def", () => {
  test("tasks of one handler wait beside each other", async (t) => {
    const { client } = await probe(t);
    const { values, order } = await client.ask("gather");
    assert.deepEqual(values, [1, 2, 3]);
    assert.deepEqual(order, [3, 2, 1], "the one that began first waited longest");
  });

  test("timeouts end what waits, and asyncio.run works in a def", async (t) => {
    const { client } = await probe(t);
    assert.equal(await client.ask("timeout"), "timed out");
    assert.equal(await client.ask("run"), 5);
  });

  test("tasks that nobody awaits are done before the event ends, and those that fail are logged", async (t) => {
    const { host, client } = await probe(t);
    assert.equal(await client.ask("left"), "ok");
    assert.equal(client.all("stored").length, 1);
    const task = await host.log((line) => /the task `fails`/.test(line.message));
    assert.deepEqual([task.level, task.event, task.socket], ["ERROR", "left", client.id]);
    const counters = await host.stop();
    const lines = printed(host, "left").map((line) => line.message);
    assert.equal(lines.filter((line) => line === "ZeroDivisionError: division by zero").length, 2);
    assert.equal(lines.filter((line) => /^ {2}File "native\.py", line \d+, in divide$/.test(line)).length, 2);
    assert.ok(lines.includes("the callback `divide` failed"));
    assert.ok(lines.some((line) => /native\.py:\d+: RuntimeWarning: coroutine 'later' was never awaited/.test(line)));
    assert.equal(counters.handlers_failed, 0);
  });

  test("tasks that would take too long are cancelled, in order, with one warning", async (t) => {
    const { host, client } = await probe(t);
    await client.ask("behind");
    assert.equal(client.all("left behind").length, 1);
    await host.stop();
    const [warning, ...others] = printed(host, "behind");
    assert.match(warning.message, /^event 'behind' was over, and 1 task or timer would not end .*`task`/);
    assert.deepEqual([warning.level, others.length], ["WARN", 0]);
  });

  test("a handler that waits for what nobody can do fails at once", async (t) => {
    const { host, client } = await probe(t);
    await unanswered(client, "forever");
    assert.match((await host.log((line) => line.level === "ERROR")).message, /nobody is left/);
    assert.equal((await host.stop()).handlers_failed, 1);
  });

  test("commands may be awaited, and are carried out when it waits", async (t) => {
    const { client } = await probe(t);
    assert.equal(await client.ask("awaited"), "done");
    assert.deepEqual(client.events.map(([event]) => event).slice(-2), ["one", "two"]);
  });
});

describe("socket.data", () => {
  test("changes inside of it are written back before the handler waits", async (t) => {
    const { client } = await probe(t);
    const other = await connect(t, { url: client.socket.io.uri.replace(/\/probe$/, "") });
    client.socket.on("question", async (answer) => {
      const [found] = await other.ask("fetch", { from: "ns", to: [client.id] });
      answer(found.data);
    });
    assert.deepEqual(await client.ask("dataThenWait"), { mode: null, list: [1, 2] });
  });

  test("changes stand where the handler fails afterwards", async (t) => {
    const { client } = await probe(t);
    await unanswered(client, "dataThenFail");
    assert.deepEqual(await client.ask("get"), { mode: null, kept: true });
  });

  test("what is too large fails the handler, and the old one stays", async (t) => {
    const { host, client } = await probe(t);
    await unanswered(client, "dataTooLarge");
    assert.match((await host.log((line) => line.level === "ERROR")).message, /socket\.data: larger than 65536 bytes/);
    assert.deepEqual(await client.ask("get"), { mode: null });
  });
});

describe("type hints", () => {
  test("say what a client may send", async (t) => {
    const { client } = await probe(t);
    assert.deepEqual(await client.ask("point", { x: 1, y: 2 }), [3, "red"]);
    assert.deepEqual(await client.ask("point", { x: 1, y: 2 }, "blue", "ignored"), [3, "blue"]);
    assert.equal(await client.ask("two", 1, 2), 3);
  });

  for (const [args, reason] of [
    [["two", 1], "two: argument 2 (b) is missing"],
    [["two", 1, "2"], "two: argument 2 (b): expected a whole number, found a string"],
    [["point", { x: 1 }], "point: argument 1 (to).y: missing"],
    [["point", { x: 1, y: 2 }, "green"], "point: argument 2 (color): expected one of 'red', 'blue'"],
    [["deep", JSON.parse("[".repeat(2000) + "]".repeat(2000))], "deep: nested more than 128 levels deep"],
  ]) {
    test(`arguments that do not fit are invalid, not a traceback: ${reason}`, async (t) => {
      const { host, client } = await probe(t);
      await unanswered(client, ...args);
      const line = await host.log((line) => line.level === "WARN");
      assert.equal(line.message, `invalid arguments: ${reason}`);
      assert.deepEqual(printed(host, args[0]), []);
      assert.equal((await host.stop()).invalid_arguments, 1);
    });
  }

  test("half a character from a client is text like any other, but no name", async (t) => {
    const { client } = await probe(t);
    assert.deepEqual(await client.ask("halfCharacter", "\ud800"), ["\ud800", "InvalidPayloadError"]);
  });
});

describe("failures", () => {
  for (const event of ["divide", "divideLater"]) {
    test(`are logged with the handler's own lines: ${event}`, async (t) => {
      const { host, client } = await probe(t);
      await unanswered(client, event, 1, 0);
      const error = await host.log((line) => line.level === "ERROR");
      assert.match(error.message, /ZeroDivisionError: division by zero$/);
      const lines = printed(host, event);
      assert.ok(lines.every((line) => line.level === "WARN"));
      const [first, ...frames] = lines.map((line) => line.message);
      assert.equal(first, "Traceback (most recent call last):");
      assert.match(frames[0], /^ {2}File "native\.py", line \d+, in handler/);
      assert.equal(frames[1], "    return divide(a, b)");
      assert.match(frames[2], /^ {2}File "native\.py", line \d+, in divide$/);
      assert.equal(frames.at(-1), "ZeroDivisionError: division by zero");
    });
  }

  test("sys.exit, endless recursion and answers that are not JSON are failures like others", async (t) => {
    const { host, client } = await probe(t);
    for (const event of ["exit", "recurse", "notJson"]) await unanswered(client, event);
    const counters = await host.stop();
    assert.equal(counters.handlers_failed, 3);
    assert.equal(counters.handlers_trapped, 0);
  });

  test("`return False` in $connect refuses nobody, and is an error", async (t) => {
    const host = await startHost(t, { components: COMPONENTS });
    await open(t, host, "/probe", { auth: { mode: "rejectFalse" } }).refused();
    assert.match((await host.log((line) => line.level === "ERROR")).message, /raise ConnectError/);
  });

  test("what does not exist says what to use instead", async (t) => {
    const { client } = await probe(t);
    const [join, leave, broadcast, late] = await client.ask("sdkMisuse");
    for (const [text, instead] of Object.entries({ "join()": join, "leave()": leave, broadcast })) {
      assert.match(instead, new RegExp(`use ns\\.socket\\.${text.replace("()", "\\(\\)")} inside an event handler`));
    }
    assert.match(late, /when the module is loaded/);
  });
});

describe("every instance is its own", () => {
  test("time and random numbers are those of the event, not of the build", async (t) => {
    const { client } = await probe(t);
    const [one, two] = [await client.ask("chance"), await client.ask("chance")];
    for (const name of ["random", "own", "uuid4", "uuid1", "secrets"]) assert.notEqual(one[name], two[name], name);
    assert.equal(one.fixed, two.fixed, "a generator that was given a seed repeats itself");
    assert.ok(Math.abs(one.time / 1e6 - Date.now()) < 60_000);
    assert.ok(two.time > one.time);
  });

  test("modules that functions import are there", async (t) => {
    const { client } = await probe(t);
    assert.deepEqual(await client.ask("lazy"), ["/A==", "0.0", "2024", "b", "xn--bcher-kva.example"]);
  });
});

describe("what is built", () => {
  const MODULE = "from realtime import RealtimeNamespace\nns = RealtimeNamespace('/built')\n";

  /** A folder with this handler, which goes with the test. */
  async function handler(t, text) {
    const dir = await mkdtemp(join(tmpdir(), "host-python-"));
    t.after(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, "handler.py"), MODULE + text);
    return join(dir, "handler.py");
  }

  for (const [mistake, text, instead] of [
    ["reads the environment too early", "import os\nS = os.environ.get('JWT_SECRET', 'dev-secret')\n", /handler\.py:4: .*`JWT_SECRET`.*\n.*S = os.*\nhint: .*inside of a handler/],
    ["waits for `connection`", "@ns.socket.on('connection')\ndef connection(): ...\n", /handler\.py", line 3[^]*write `@ns\.socket\.on\("\$connect"\)`/],
    ["waits for events of the namespace", "@ns.on('message')\ndef message(): ...\n", /handler\.py", line 3[^]*`ns\.on` does not exist: .*`@ns\.socket\.on\("name"\)`/],
    ["uses the store too early", "ns.kv.increment('builds')\n", /handler\.py", line 3[^]*KvError: kv\.increment: .*while the module is loaded: use it in a handler/],
    ["has a middleware", "ns.use(print)\n", /handler\.py", line 3[^]*`ns\.use` does not exist: .*ConnectError/],
  ]) {
    test(`a module that ${mistake} is refused, with what to write instead`, async (t) => {
      const { code, stderr } = await runHost(["build", await handler(t, text), "--install"]);
      assert.equal(code, 1);
      assert.match(stderr, instead);
    });
  }

  test("a component has a store only if a module that it loads uses it", async (t) => {
    const source = await handler(t, "from parts import visits\n\nvisits.register(ns)\n");
    const parts = join(dirname(source), "parts");
    await mkdir(parts);
    await writeFile(join(parts, "visits.py"), "def register(ns):\n    ns.socket.on('visit', lambda: ns.kv.increment('visits'))\n");
    const host = await startHost(t, { components: [source], flags: ["--install"] });
    const client = await connect(t, host, "/built");
    assert.deepEqual([await client.ask("visit"), await client.ask("visit")], [1, 2]);

    await writeFile(join(parts, "visits.py"), "def register(ns):\n    pass # ns.kv is not used\n");
    const { code, stdout } = await runHost(["build", source, "--install"]);
    assert.equal(code, 0);
    assert.doesNotMatch((await runHost(["inspect", stdout.trim()])).stdout, /\bkv\b|keeps/);
  });

  test("nothing of the build is used in an event as if it was the event's own", async (t) => {
    const source = await handler(
      t,
      `import enum, os, socket
from string import Template
URL = Template("redis://$SECRET").safe_substitute(os.environ)
folder = os.scandir(os.path.dirname(__file__))
try: socket.create_connection(("localhost", 80))
except OSError: pass

class Color(enum.Enum):
    RED = "red"

def caught(call):
    try: return str(call())
    except Exception as error: return f"{type(error).__name__}: {error}"

@ns.socket.on("look")
def look():
    return [
        os.environ.get("OTHER"),
        next(folder).name,
        caught(lambda: socket.getaddrinfo("localhost", 80)),
        caught(lambda: __import__("nowhere")),
        caught(lambda: setattr(ns.socket, "username", "Ada")),
    ]

@ns.socket.on("paint")
def paint(color: Color) -> Color:
    return color
`,
    );
    const host = await startHost(t, { components: [source], flags: ["--install", "--env", "OTHER=given"] });
    const client = await connect(t, host, "/built");
    const [other, file, lookup, late, assigned] = await client.ask("look");
    assert.deepEqual([other, file], ["given", "handler.py"]);
    assert.match(lookup, /^gaierror: .*a component has no sockets/);
    assert.match(late, /^ModuleNotFoundError: .*`nowhere` in an event; it was not imported/);
    assert.match(assigned, /^AttributeError: .*socket\.data\["username"\]/);
    assert.equal(await client.ask("paint", "red"), "red");
    assert.equal((await host.stop()).handlers_trapped, 0);

    const { code, stderr } = await runHost(["run", source, "--env", "SECRET=x", "--listen", "127.0.0.1:0"]);
    assert.equal(code, 1);
    assert.match(stderr, /`SECRET` was read at .*called at handler\.py:5, .*--env gives now is not used there/);
  });
});

test("logging goes to the host's log, at two levels, and a line without an end too", async (t) => {
  const { host, client } = await probe(t);
  await client.ask("logging");
  await host.log((line) => line.message === "no end of line");
  assert.deepEqual(
    printed(host, "logging").map((line) => [line.level, line.message]),
    [
      ["INFO", "INFO shop: it is open"],
      ["WARN", "WARNING shop: it is late"],
      ["INFO", "no end of line"],
    ],
  );
});
