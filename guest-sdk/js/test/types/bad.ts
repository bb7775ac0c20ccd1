/** What must be refused: without an error there, `@ts-expect-error` is one. */

import type {} from "../../index.js";

interface ClientEvents {
  message: (text: string) => void;
}

interface ServerEvents {
  message: (from: string, text: string) => void;
  confirm: (question: string, answer: (yes: boolean) => void) => void;
}

const ns = new RealtimeNamespace<ClientEvents, ServerEvents, { username: string }>("/chat");

// @ts-expect-error: no such event of clients
ns.socket.on("mesage", () => {});
// @ts-expect-error: the client sends text
ns.socket.on("message", (count: number) => count);
// @ts-expect-error: the reason is text
ns.socket.on("$disconnect", (reason: number) => reason);
// @ts-expect-error: no such event of the server
ns.emit("other");
// @ts-expect-error: an argument is missing
ns.to("room").emit("message", "Ada");
// @ts-expect-error: the second argument is text
ns.socket.broadcast.emit("message", "Ada", 1);
// @ts-expect-error: nobody acknowledges it
ns.socket.emitWithAck("message", "Ada", "hi");
// @ts-expect-error: a room is text
ns.socket.join(1);
// @ts-expect-error: not what `data` has
ns.socket.data.name = "Ada";
// @ts-expect-error: the id is given
ns.socket.id = "me";
// @ts-expect-error: not at the namespace level
ns.join("room");
// @ts-expect-error: not at the namespace level
ns.leave("room");
// @ts-expect-error: not at the namespace level
ns.broadcast.emit("message", "Ada", "hi");
// @ts-expect-error: a path is text
new RealtimeNamespace(1);

// @ts-expect-error: a key is text
kv.get(1);
// @ts-expect-error: not a value
kv.set("k", undefined);
// @ts-expect-error: milliseconds
kv.set("k", 1, "1s");
// @ts-expect-error: nothing may be there
kv.get<{ a: number }>("k").then(({ a }) => a);
// @ts-expect-error: the function returns nothing
kv.update<number>("k", (old) => void old);
// @ts-expect-error: another type
kv.update<number>("k", (old) => `${old}`);
// @ts-expect-error: a number
kv.increment("k", "1");
// @ts-expect-error: no such option
kv.list("k", { size: 1 });
// @ts-expect-error: the handler is missing
ns.schedule("every 10s");
// @ts-expect-error: the time zone comes before the handler
ns.schedule("0 9 * * 1", () => {}, "Europe/Berlin");
// @ts-expect-error: it gets a date
ns.schedule("every 10s", (due: number) => due);

export default ns;
