/** The handler that `kv.test.mjs` talks to. */

const ns = new RealtimeNamespace("/kv");

/** What a promise is fulfilled with, or name, code and message of its error. */
async function outcome(promise) {
  try {
    return (await promise) ?? null;
  } catch ({ name, code, message }) {
    return { name, code: code ?? null, message };
  }
}

ns.socket.on("$connect", () => {});
ns.socket.on("call", (call, ...args) => {
  if (typeof args.at(-1) === "function") args.pop();
  return outcome(kv[call](...args));
});

/** Values that no client can send. */
const VALUES = {
  undefined,
  function: () => {},
  symbol: Symbol("s"),
  bigint: 1n,
  nested: { deep: [new Uint8Array(1)] },
  date: new Date(0),
  "not a number": NaN,
};
ns.socket.on("set", async (name) => (await outcome(kv.set("value", VALUES[name]))) ?? kv.get("value"));

ns.socket.on("binary", async (bytes) => {
  const { buffer, byteOffset, length } = bytes;
  const own = buffer.slice(byteOffset, byteOffset + length);
  await kv.setMany({ view: new DataView(own), buffer: own, array: bytes, node: Buffer.from(bytes), part: new Uint8Array(own, 1, 1) });
  const found = await kv.getMany(["view", "buffer", "array", "node", "part"]);
  return found.map((value) => [value instanceof Uint8Array && value.buffer.byteLength === value.length, value]);
});

ns.socket.on("many", async () => {
  await kv.setMany({ a: 1, b: [2] });
  await kv.setMany(new Map([["c", "3"]]), 60_000);
  await kv.setMany([]);
  return [await kv.getMany(["a", "none", "c"]), await kv.getMany(new Set(["b"])), await kv.deleteMany(["a", "c", "none"])];
});

async function all(listing) {
  const found = [];
  for await (const item of listing) found.push(item);
  return found;
}
ns.socket.on("list", async (prefix, options) => [await all(kv.list(prefix, options)), await all(kv.keys(prefix, options))]);
ns.socket.on("list all", async () => (await all(kv.list())).length);
ns.socket.on("leave a list", async () => {
  for await (const [key] of kv.list("k")) if (key === "k1") return key;
});
ns.socket.on("step by step", async () => {
  const listing = kv.list("k");
  const steps = [await listing.next(), await listing.next()];
  return steps.map(({ value, done }) => [value[0], done]);
});

/** `kv.update` with one of these functions. */
const CHANGES = {
  later: async (old) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return (old ?? 0) + 1;
  },
  "in place": (old) => {
    old.push(1);
    return old;
  },
  nothing: () => {},
  delete: () => null,
  throws: () => {
    throw new RangeError("not today");
  },
  /** Somebody else is always faster. */
  slow: async (old) => {
    await kv.increment("key");
    return old;
  },
};
ns.socket.on("update", (change, options) => outcome(kv.update("key", CHANGES[change], options)));

ns.socket.on("settled", async () => {
  const order = [];
  const calls = [kv.set("a", 1), kv.get("a"), kv.has("a"), kv.update("b", () => 1)];
  kv.get("a").then((value) => order.push(value));
  order.push("first");
  await null;
  await null;
  return [calls.every((call) => call instanceof Promise), order];
});
ns.socket.on("not awaited", () => {
  kv.set("x".repeat(2000), 1);
  kv.set("kept", true);
});
ns.socket.on("caught", async () => {
  await kv.set("x".repeat(2000), 1).catch(() => {});
  try {
    await kv.increment("a", 0.5);
  } catch {}
});
ns.socket.on("data, then a trap", async () => {
  ns.socket.data.before = true;
  await kv.set("trapped", true);
  ns.socket.data.after = true;
  const trap = () => trap() + 1;
  trap();
});
ns.socket.on("data", () => ns.socket.data);
ns.socket.on("frozen", () => outcome(Promise.try(() => (kv.get = () => "mine"))));

module.exports = ns;
