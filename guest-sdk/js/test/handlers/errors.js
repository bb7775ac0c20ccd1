/** Handlers whose errors must tell what is wrong: `errors.test.mjs`. */

const ns = new RealtimeNamespace("/errors");
ns.socket.atTopLevel = ns.atTopLevel = "kept";

ns.socket.on("stack", () => new Error("the message").stack);
ns.socket.on("stack of a class", () => {
  class Far extends RangeError {
    name = "Far";
  }
  return new Far("too far").stack;
});
ns.socket.on("captured", () => {
  const object = { name: "Plain" };
  Error.captureStackTrace?.(object);
  return object.stack;
});
ns.socket.on("own stack", () => Object.assign(new Error("x"), { stack: "mine" }).stack);
ns.socket.on("stack after a wait", async () => {
  await null;
  return await deep();
});
async function deep() {
  await null;
  return new Error("in deep").stack;
}

ns.socket.on("method", () => ns.socket.send("x"));
ns.socket.on("property of nothing", () => ns.socket.brodcast.emitt("x"));
ns.socket.on("argument", (given) => given("x"));
ns.socket.on("callback", () => [1].map(3));
ns.socket.on("object", () => {
  throw { code: 7, text: "details" };
});
ns.socket.on("circle of causes", () => {
  const error = new Error("round");
  error.cause = error;
  throw error;
});
ns.socket.on("spaces", () => {
  throw new Error(`a${" ".repeat(200_000)}b`);
});
ns.socket.on("never", async () => {
  await new Promise(() => {});
});
ns.socket.on("recursion", function again(depth) {
  return again(depth + 1) + 1;
});

ns.socket.on("socket property", () => void (ns.socket.username = "Ada"));
ns.socket.on("namespace property", () => void (ns.counter = 1));
ns.socket.on("assign", () => Object.assign(ns.socket, { username: "Ada" }));
ns.socket.on("top level", () => [ns.socket.atTopLevel, ns.atTopLevel]);
ns.socket.on("echo", (value) => value);

module.exports = ns;
