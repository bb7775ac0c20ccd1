/**
 * The guest that end-to-end tests drive, as `tests/components/probe` (see there for what each event does), in JavaScript.
 *
 * What only JavaScript has is in `guest-sdk/js/test`.
 */

const ns = new RealtimeNamespace("/probe");
let calls = 0;

const rooms = () => [...ns.socket.rooms].sort();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const hello = () => ns.socket.emit("hello", ns.socket.id, rooms());

/** `ok`, or the error. */
const outcome = (promise) => promise.then(() => "ok", (error) => error.message);

/** Too deep for the stack, which nothing in JavaScript can catch. */
function trap() {
  trap();
  return 0;
}

/** A handler whose value is acknowledged even where it is `undefined`: JavaScript's handlers acknowledge nothing then. */
function on(event, handler) {
  ns.socket.on(event, async (...args) => {
    const ack = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const value = await handler(...args);
    if (value === undefined) ack?.();
    else ack?.(value);
  });
}

// The connection.

const CONNECT = {
  async slow({ ms }) {
    await sleep(ms);
    ns.socket.emit("ready");
  },
  reject() {
    hello();
    ns.socket.join("room");
    ns.emit("leak");
    throw new ConnectError("no", { code: 7 });
  },
  rejectPlain() {
    throw new ConnectError("no");
  },
  fail() {
    throw new Error("secret reason");
  },
  trap() {
    hello();
    trap();
  },
  async ask() {
    ns.socket.emit("asked", await outcome(ns.socket.timeout(1000).emitWithAck("question", 1)));
  },
  join({ room }) {
    ns.socket.join(room);
    ns.socket.emit("first", 1);
    ns.socket.emit("first", 2);
    ns.socket.broadcast.emit("arrived", ns.socket.id);
  },
  bye() {
    hello();
    ns.socket.disconnect();
  },
  async kv({ key }) {
    throw new ConnectError(String(await kv.increment(key)));
  },
};

ns.socket.on("$connect", async () => {
  const { auth } = ns.socket.handshake;
  ns.socket.data.mode = auth.mode ?? null;
  await (CONNECT[auth.mode] ?? hello)(auth);
});

ns.socket.on("$disconnect", async (reason) => {
  const { auth, headers } = ns.socket.handshake;
  if (auth.mode === "slowLeave") await sleep(auth.ms);
  ns.socket.emit("ghost").catch(() => {});
  const { id, connected, data } = ns.socket;
  ns.emit("left", { id, reason, connected, rooms: rooms(), data, "user-agent": headers["user-agent"] });
});

// The socket.

on("info", () => {
  const { id, connected, recovered, handshake, data } = ns.socket;
  return { id, rooms: rooms(), connected, recovered, handshake, data, name: ns.name };
});
ns.socket.on("echo", (...args) => {
  if (typeof args.at(-1) === "function") args.pop()(...args);
});
on("nested", ({ blob }) => {
  ns.socket.emit("blob", { deep: [blob] });
  return { size: blob.length, copy: blob.buffer };
});
on("typed", ({ a }) => a * 2);
on("optional", (number = null) => number);
on("nothing", () => {});
ns.socket.on("pair", (ack) => ack(1, 2));
ns.socket.on("ackFirst", (ack) => {
  ns.socket.emit("before");
  ack("first");
  ns.socket.emit("after");
  ack("second");
  return "returned";
});
on("array", () => [1, 2]);
ns.socket.on("fail", () => {
  ns.socket.emit("before");
  throw new Error("as it was told");
});
on("set", (key, value) => {
  ns.socket.data[key] = value;
  return ns.socket.data;
});
on("setSize", async (size) => {
  ns.socket.data = { x: "x".repeat(size) };
  // Whatever asks the host something keeps what changed before.
  return outcome(ns.fetchSockets());
});
on("get", () => ns.socket.data);
on("join", async (names) => {
  await ns.socket.join(names);
  return rooms();
});
on("leave", async (room) => {
  await ns.socket.leave(room);
  return rooms();
});
on("joinMany", (count) => outcome(Promise.all(Array.from({ length: count }, (_, i) => ns.socket.join(`room ${i}`)))));
on("emit", (event, arg = null) => ns.socket.emit(event, arg));
on("emitVolatile", (event, arg = null) => ns.socket.volatile.emit(event, arg));
on("ask", async (ms) => {
  try {
    return { answer: [await ns.socket.timeout(ms).emitWithAck("question", 42)] };
  } catch (error) {
    return { error: error.message };
  }
});
on("relay", (ms) => ns.socket.timeout(ms).emitWithAck("question", 42));
on("quit", (close) => ns.socket.disconnect(close));
on("order", (number) => ns.socket.emit("order", number));

// Broadcasts.

/** The operator that a client describes, chained step by step, as handlers do. */
function operator({ from = "socket", to = [], in: within = [], except = [], volatile, local }) {
  let chain = from === "ns" ? ns : ns.socket.broadcast;
  for (const room of to) chain = chain.to(room);
  for (const room of within) chain = chain.in(room);
  for (const room of except) chain = chain.except(room);
  if (volatile) chain = chain.volatile;
  return local ? chain.local : chain;
}

on("op", (op) => operator(op).emit(op.event ?? "op", op.args ?? null));
on("pass", (...args) => ns.socket.broadcast.emit("passed", ...args));
on("askAll", async (op) => {
  try {
    return { answers: await operator(op).timeout(op.ms).emitWithAck(op.event, op.args), missing: 0 };
  } catch ({ responses }) {
    const asked = await operator(op).fetchSockets();
    return { answers: responses, missing: asked.length - responses.length };
  }
});
on("fetch", async (op) => {
  const found = await operator(op).fetchSockets();
  return found.map(({ id, rooms, handshake: { address, auth }, data }) => {
    return { id, rooms: [...rooms].sort(), address, auth, data };
  });
});
on("count", (op) => operator(op).countSockets());
on("list", async (op) => {
  const listed = await operator(op).listSockets();
  return listed.map(({ id, rooms }) => ({ id, rooms: [...rooms].sort() }));
});
on("socketsJoin", (op) => operator(op).socketsJoin(op.rooms));
on("socketsLeave", (op) => operator(op).socketsLeave(op.rooms));
on("disconnectSockets", (op) => operator(op).disconnectSockets(op.close));

// Failures.

on("sleep", async (ms) => {
  await sleep(ms);
  return ms;
});
on("loop", () => {
  ns.socket.emit("before");
  for (;;);
});
on("trap", () => {
  ns.socket.emit("before");
  ns.socket.join("trapped");
  trap();
});
on("halfway", async () => {
  ns.socket.emit("before");
  await ns.socket.timeout(5000).emitWithAck("question", 1);
  ns.socket.emit("after");
  trap();
});
on("many", async (count, bytes) => {
  const filler = "x".repeat(bytes);
  for (let taken = 0; taken < count; taken++) {
    const error = await outcome(ns.to("nobody").emit("many", filler));
    if (error !== "ok") return { taken, error };
  }
  return { taken: count };
});
on("big", (size) => outcome(ns.socket.emit("big", "x".repeat(size))));
on("reserved", (name) => outcome(ns.socket.emit(name)));

// The key-value store.

async function all(listing) {
  const found = [];
  for await (const item of listing) found.push(item);
  return found;
}

/** The calls that are not the store's own. */
const KV = {
  fill: (key, size) => kv.set(key, "x".repeat(size)),
  push: (key, value) => kv.update(key, (array) => [...(array ?? []), value]),
  list: (prefix) => all(kv.list(prefix)),
  keys: (prefix) => all(kv.keys(prefix)),
  async often() {
    for (let called = 0; ; called += 1) {
      const error = await outcome(kv.has("x"));
      if (error !== "ok") return [called, error];
    }
  },
};

on("kv", async (call, args) => {
  try {
    return { ok: (await (KV[call] ?? kv[call])(...args)) ?? null };
  } catch (error) {
    return { error: error.message };
  }
});
on("kvBytes", async (key, bytes) => {
  await kv.set(key, bytes);
  return kv.get(key);
});
on("kvTrap", async (key) => {
  ns.socket.emit("before");
  await kv.set(key, 1);
  ns.socket.emit("after");
  trap();
});

// The sandbox.

on("state", () => (calls += 1));
/** Only in JavaScript: goes on when the event is over. */
on("later", (ms) => {
  setTimeout(() => ns.socket.emit("late"), ms);
});
on("print", (line) => {
  console.log(line);
  console.error("err", line);
});
on("env", () => ({ ...process.env }));
on("net", () => outcome(fetch("http://127.0.0.1:1")));
on("random", () => Math.random());
on("clock", () => Date.now());

export default ns;
