/** The guest with schedules that end-to-end tests watch, as `tests/components/clock` (see there for what each does), in JavaScript. */

const ns = new RealtimeNamespace("/clock");

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Too deep for the stack, which nothing in JavaScript can catch. */
function trap() {
  trap();
  return 0;
}

ns.socket.on("count", () => kv.get("ticks"));

ns.schedule("every 1s", async (due) => {
  console.log("tick");
  const n = await kv.increment("ticks");
  const sockets = (await ns.fetchSockets()).length;
  const { id, rooms, connected } = ns.socket;
  await ns.emit("tick", { n, due: due.getTime(), sockets, id, rooms: rooms.size, connected });
})
  .schedule("every 1s", async () => {
    await ns.emit("begun", await kv.increment("under way"));
    await sleep(4000);
    await kv.increment("under way", -1);
    console.log("slow is over");
  })
  .schedule("every 1s", async () => {
    const n = await kv.increment("tries");
    if (n % 2 === 1) {
      ns.emit("before", n);
      trap();
    }
    ns.emit("survived", n);
  })
  .schedule("every 1s", () => {
    ns.emit("failing");
    throw new Error("as it was told");
  })
  .schedule("0 9 * * mon", "Europe/Berlin", () => ns.emit("monday"));

export default ns;
