/** The handler that `schedule.test.mjs` watches. */

const ns = new RealtimeNamespace("/schedule");

ns.socket.on("count", () => kv.get("runs"));

ns.schedule("every 1s", async function (due) {
  const runs = await kv.increment("runs");
  const outcome = (promise) => promise.then(() => "ok", ({ code }) => code);
  ns.emit("ran", {
    runs,
    isNamespace: this === ns,
    due: due instanceof Date && due.getTime() % 1000,
    given: arguments.length,
    socket: await outcome(ns.socket.emit("x")),
    data: ns.socket.data,
  });
  // Nobody waits for it.
  setTimeout(() => ns.emit("late"), 500);
});

ns.schedule("every 1s", async () => {
  await null;
  throw new RangeError("too far");
});

module.exports = ns;
