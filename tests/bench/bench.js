/** The guest that benchmarks drive (`tests/components/bench` tells its events), in JavaScript. */

const ns = new RealtimeNamespace("/bench");
ns.socket.on("echo", (...args) => args.pop()(...args));
ns.socket.on("join", (room, ack) => {
  ns.socket.join(room);
  ack();
});
ns.socket.on("say", (room, text) => ns.to(room).emit("said", text));
export default ns;
