/** Handlers that start more than they wait for: `ending.test.mjs`. */

const ns = new RealtimeNamespace("/ending");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const on = (event, handler) => ns.socket.on(event, handler);

// Acknowledgements that are given later.
on("then", (id, ack) => {
  Promise.resolve(id).then((value) => value + 1).then((value) => ack(value));
});
on("microtask", (id, ack) => queueMicrotask(() => ack(id)));
on("timer", (id, ack) => void setTimeout(() => ack(id), 20));
on("default", (id, ack = () => {}) => void setTimeout(() => ack(id), 20));
on("rest", (...args) => void setTimeout(() => args.at(-1)(args[0]), 20));
on("async", (id, ack) => {
  (async () => {
    await sleep(10);
    ack(id);
  })();
});
on("not taken", (id) => {
  setTimeout(() => ns.socket.emit("late"), 20);
  setInterval(() => ns.socket.emit("late"), 5);
});
on("never called", (id, ack) => {});

// Work that nobody waits for.
on("turns", () => {
  (async () => {
    for (let i = 0; i < 50; i += 1) await null;
    ns.socket.emit("done", "turns");
    ns.socket.data.turns = true;
  })();
});
on("data", () => ns.socket.data);
on("ack, then work", (ack) => {
  ack("first");
  Promise.resolve().then(() => ns.socket.emit("done", "work"));
});
on("late timer", async () => {
  Promise.resolve().then(() => Promise.resolve()).then(() => setTimeout(() => {}, 10));
});

// Errors that nobody handles.
const fail = async (text) => {
  throw new Error(text);
};
const later = async (text) => {
  await null;
  throw new Error(text);
};
const UNHANDLED = {
  "an async function": () => void fail("the disk is full"),
  "one that fails later": () => void later("the disk is full"),
  "one in an async function": async () => {
    later("the disk is full");
    await sleep(5);
  },
  "one that returns another": () => void (async () => later("the disk is full"))(),
  "a callback of then": () => {
    Promise.resolve().then(() => {
      throw new Error("the disk is full");
    });
  },
  "then without a handler": () => void later("the disk is full").then(() => {}).finally(() => {}),
  "Promise.reject": () => void Promise.reject(new Error("the disk is full")),
  "a constructor": () => void new Promise((_, reject) => reject(new Error("the disk is full"))),
  "Promise.all": () => void Promise.all([later("the disk is full"), sleep(1)]),
  "a timer": () =>
    new Promise((resolve) => {
      setTimeout(resolve, 10);
      setTimeout(() => {
        throw new Error("the disk is full");
      }, 1);
    }),
  "an async timer": () =>
    new Promise((resolve) => {
      setTimeout(resolve, 10);
      setTimeout(() => fail("the disk is full"), 1);
    }),
  "a microtask": () =>
    queueMicrotask(() => {
      throw new Error("the disk is full");
    }),
  "a command": () => void ns.socket.emit("the disk is full", () => {}),
  "a promise that is waited for in vain": async () => {
    const loaded = later("the disk is full");
    await new Promise((resolve) => loaded.then(resolve));
  },
};
for (const [name, handler] of Object.entries(UNHANDLED)) on(name, handler);

// Errors that somebody handles.
on("handled", async () => {
  const seen = [];
  const caught = (error) => seen.push(error.message);
  await later("1").catch(caught);
  await fail("2").then(() => {}, caught);
  try {
    await Promise.all([later("3"), later("4")]);
  } catch (error) {
    caught(error);
  }
  try {
    await later("5");
  } catch {
    seen.push("5");
  }
  try {
    await later("6");
  } catch ({ message }) {
    seen.push(message);
  }
  await Promise.race([later("7"), later("8")]).catch(caught);
  await Promise.any([later("9"), sleep(1)]);
  seen.push((await Promise.allSettled([later("10")]))[0].reason.message);
  new Promise((resolve, reject) => {
    resolve();
    reject(new Error("11"));
  });
  const kept = later("12");
  await null;
  await kept.catch(caught);
  await (async () => later("13"))().catch(caught);
  await later("14").finally(() => {}).catch(caught);
  return seen;
});

module.exports = ns;
