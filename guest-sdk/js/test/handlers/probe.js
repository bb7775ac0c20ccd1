/** The handler that `api.test.mjs` talks to: one event for each promise. */

const assert = require("node:assert");

const ns = new RealtimeNamespace("/probe");
const topLevel = { random: Math.random() };

ns.socket.on("$connect", async function () {
  const { auth } = ns.socket.handshake;
  if (auth.refuse === "ConnectError") throw new ConnectError("not today", { code: 401 });
  if (auth.refuse === "Error with data") throw Object.assign(new Error("no seat"), { data: { seats: 0 } });
  if (auth.refuse === "Error") throw new Error("the secret is 42");
  if (auth.refuse === "TypeError") undefined.secret;
  if (auth.refuse === "later") {
    ns.socket.join("trace");
    await new Promise((resolve) => setTimeout(resolve, 10));
    throw new ConnectError("after a wait");
  }
  ns.socket.data.connected = ns.socket.connected;
  ns.socket.emit("hello", ns.socket.id);
});

ns.socket
  .on("this", function () {
    return [this === ns, this.socket === ns.socket, typeof ns, ns instanceof RealtimeNamespace, ns.name];
  })
  .once("once", () => "as on")
  .on("several", () => {})
  .on("several", () => "the second")
  .on("several", () => "the third");

ns.socket.on("socket", () => {
  const { id, rooms, handshake, data, connected, recovered } = ns.socket;
  return { id, rooms: [...rooms], isSet: rooms instanceof Set, handshake, data, connected, recovered };
});

ns.socket.on("promises", async () => {
  const calls = [ns.socket.emit("x"), ns.socket.join("a"), ns.socket.leave("a"), ns.emit("x"), ns.to("a").emit("x")];
  const all = calls.every((call) => call instanceof Promise);
  return [all, await Promise.all(calls)];
});

ns.socket.on("join", async (rooms) => {
  await ns.socket.join(rooms);
  return [...ns.socket.rooms];
});
ns.socket.on("leave", (room) => void ns.socket.leave(room));

/** `chain` is a list of calls, `[name, ...arguments]`; a name alone is a property. */
async function call([on, ...chain]) {
  let target = { ns, socket: ns.socket }[on];
  for (const link of chain) target = Array.isArray(link) ? target[link[0]](...link.slice(1)) : target[link];
  return (await target) ?? "nothing";
}
ns.socket.on("call", (chain) => call(chain));
ns.socket.on("try", async (chain) => {
  try {
    return await call(chain);
  } catch (error) {
    const { name, message, code, responses } = error;
    return { name, message, code, responses };
  }
});
ns.socket.on("immutable", () => {
  const one = ns.to("one");
  one.to("two").except("three");
  return one.emit("immutable").then(() => true);
});
ns.socket.on("forgotten", () => {
  ns.socket.emit("connect");
  ns.socket.emit("disconnect").catch(() => {});
});
ns.socket.on("in a handler", () => ns.socket.on("late", () => {}));

ns.socket.on("set", async (key, value, wait) => {
  ns.socket.data[key] = value;
  if (wait) await new Promise((resolve) => setTimeout(resolve, 10));
});
ns.socket.on("set, then ask", async () => {
  ns.socket.data.seen = "before the wait";
  await ns.socket.emitWithAck("wait");
  ns.socket.data.seen = "after";
});
ns.socket.on("set, then wait", async () => {
  ns.socket.data.seen = "before the wait";
  await new Promise((resolve) => setTimeout(resolve, 1000));
  ns.socket.data.seen = "after";
});
ns.socket.on("replace", (data) => void (ns.socket.data = data));
ns.socket.on("get", () => ns.socket.data);
ns.socket.on("others", async () => (await ns.fetchSockets()).map(({ id, data }) => ({ id, data })));

ns.socket.on("ack", (value, callback) => callback(value, "more"));
ns.socket.on("ack twice", (callback) => (callback(1), callback(2), 3));
ns.socket.on("ack later", (callback) => new Promise((done) => setTimeout(() => done(callback("later")), 10)));
ns.socket.on("ack, then throw", (callback) => {
  callback("sent");
  throw new Error("after the answer");
});
ns.socket.on("args", (...args) => args.map((arg) => (typeof arg === "function" ? "callback" : arg)));
ns.socket.on("arguments", (...args) => ns.socket.emit("arguments", args.length, typeof args.at(-1)));
ns.socket.on("return", (value) => value);
ns.socket.on("nothing", () => {});

ns.socket.on("binary", (value) => {
  const kinds = [];
  JSON.stringify(value, function (key) {
    if (ArrayBuffer.isView(this[key])) kinds.push([this[key].constructor.name, [...this[key]]]);
    return ArrayBuffer.isView(this[key]) ? null : this[key];
  });
  return kinds;
});
ns.socket.on("binaries", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  return {
    deep: [{ array: bytes, part: bytes.subarray(1, 3) }],
    buffer: Buffer.from("hi"),
    arrayBuffer: bytes.buffer,
    words: Uint16Array.of(513),
    view: new DataView(bytes.buffer, 2),
    placeholder: "text",
  };
});
ns.socket.on("emit binary", (blob) => void ns.socket.broadcast.emit("blob", { blob }));

ns.socket.on("console", () => {
  console.log("to %s, %d", "log", 1, { a: [1, new Set(["x"])] });
  console.info("to info");
  console.warn("to warn");
  console.error("to error\nin two lines");
  console.debug("to debug");
});
ns.socket.on("print error", () => console.error("it failed:", new RangeError("too far")));
ns.socket.on("throw", () => outer("argument"));
ns.socket.on("throw later", async () => {
  await null;
  throw new Error("later", { cause: new TypeError("the cause") });
});
ns.socket.on("throw text", () => {
  throw "just text";
});
function outer(value) {
  return inner(value);
}
function inner(value) {
  return value.is.missing;
}

ns.socket.on("timers", async () => {
  const order = [];
  const cleared = setTimeout(() => order.push("cleared"), 5);
  clearTimeout(cleared);
  setTimeout((text) => order.push(text), 30, "third");
  setTimeout(() => order.push("first"), 10);
  setTimeout(() => order.push("second"), 10);
  let ticks = 0;
  await new Promise((resolve) => {
    const interval = setInterval(() => ++ticks === 3 && (clearInterval(interval), resolve()), 15);
  });
  queueMicrotask(() => order.push("microtask"));
  await new Promise((resolve) => setTimeout(resolve));
  return { order, ticks };
});
ns.socket.on("together", async () => {
  const start = performance.now();
  await Promise.all([1, 2, 3].map(() => new Promise((resolve) => setTimeout(resolve, 100))));
  return performance.now() - start;
});
ns.socket.on("pending", () => {
  setTimeout(() => ns.socket.emit("too late"), 20);
  return "returned";
});
ns.socket.on("timer throws", async () => {
  setTimeout(() => undefined.x, 1);
  await new Promise((resolve) => setTimeout(resolve, 10));
  return "goes on";
});
ns.socket.on("random", () => [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(8))], topLevel.random]);
ns.socket.on("now", () => ({ now: Date.now(), iso: new Date().toISOString(), performance: performance.now() }));
ns.socket.on("globals", () => {
  const clone = structuredClone({ map: new Map([[1, { a: 2 }]]), date: new Date(0), bytes: Uint8Array.of(1) });
  const url = new URL("/b?c=1&c=2#d", "http://user@a.example:80/");
  assert.deepStrictEqual([...url.searchParams.getAll("c")], ["1", "2"]);
  return {
    text: new TextDecoder().decode(new TextEncoder().encode("grüß 👋")),
    clone: [clone.map.get(1).a, clone.date.getTime(), clone.bytes[0]],
    url: [url.href, new URLSearchParams({ a: "b c" }).toString()],
    base64: [btoa("hi"), atob("aGk="), Buffer.from("aGk=", "base64").toString("hex")],
    types: [typeof queueMicrotask, typeof setInterval, typeof globalThis.Buffer],
  };
});

module.exports = ns;
