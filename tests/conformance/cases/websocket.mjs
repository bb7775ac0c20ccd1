/** Frames of WebSocket, and close codes. */

const entered = (name, ...steps) => ({ name, steps: [["ws enter"], ...steps] });
const END = ["ws receiveAll"];
const ALIVE = ["ws sync"];

export default {
  group: "WebSocket",
  cases: [
    entered("a message in fragments", ["ws fragments", "42/probe,1", '["ec', 'ho","é"]'], ["ws receive"]),
    entered(
      "a message whose fragments split a character",
      ["ws fragmentBytes", "34322f70726f62652c315b226563686f222c22c3", "a9225d"],
      ["ws receive"],
    ),
    entered("a message whose last fragment is empty", ["ws fragments", '42/probe,1["echo"]', ""], ["ws receive"]),
    entered("control frames between fragments", ["ws fragmentsWithPing", "42/probe,1", '["echo"]'], ["ws receive"]),
    entered("a ping frame", ["ws ping"], ALIVE),
    entered(
      "binary messages, both ways",
      ["ws send", '451-/probe,1["nested",{"blob":{"_placeholder":true,"num":0}}]', Buffer.from([0, 1, 255])],
      ["ws receive", 4],
    ),
    entered(
      "a binary message in fragments",
      ["ws send", '451-/probe,1["echo",{"_placeholder":true,"num":0}]'],
      ["ws fragments", Buffer.from([1]), Buffer.from([2])],
      ["ws receive", 2],
    ),
    entered(
      "an empty binary message",
      ["ws send", '451-/probe,1["echo",{"_placeholder":true,"num":0}]', Buffer.alloc(0)],
      ["ws receive", 2],
    ),
    entered(
      "base64 in a text message",
      ["ws send", '451-/probe,1["echo",{"_placeholder":true,"num":0}]', "bAQID"],
      ["ws receive", 2],
    ),
    entered("a binary message that nobody announced", ["ws send", Buffer.from([1])], END),
    entered("an empty text message", ["ws send", ""], END),
    entered("text that is no packet", ["ws send", "hello"], END),
    entered("a packet of no known type", ["ws send", "7"], END),
    entered("a type that is not ASCII", ["ws send", "é"], END),
    entered("an open packet", ["ws send", "0{}"], ALIVE),
    entered("a pong nobody asked for", ["ws send", "3"], ALIVE),
    entered("an upgrade packet", ["ws send", "5"], ALIVE),
    entered("a noop packet", ["ws send", "6"], ALIVE),
    entered("a ping", ["ws send", "2"], END),
    entered("a close packet", ["ws send", "1"], ALIVE),
    entered("several packets in one message", ["ws send", '42/probe,1["echo"]\x1e42/probe,2["echo"]'], END),
    entered("text that is not UTF-8", ["ws text", "34322f70726f62652c315b22ff225d"], END),
    entered("an unmasked frame", ["ws write", "8102363d"], END),
    entered("a reserved bit", ["ws write", "c1810000000036"], END),
    entered("an unknown opcode", ["ws write", "83810000000036"], END),
    entered("a continuation of nothing", ["ws write", "80810000000036"], END),
    entered("a fragmented control frame", ["ws write", "098100000000aa"], END),
    entered("a message within a message", ["ws write", "01810000000036", "81810000000036"], END),
    entered("a control frame of 126 bytes", ["ws write", `89fe007e00000000${"61".repeat(126)}`], END),
    entered("a close frame of one byte", ["ws write", "88810000000003"], END),
    entered("a close frame with a code that is none", ["ws write", "888200000000 03ed".replace(" ", "")], END),
    ...[1000, 1001, 1003, 3000, 4999].map((code) => entered(`closing with code ${code}`, ["ws close", code], END)),
    entered("closing without a code", ["ws close"], END),
    ...[
      ["a close frame", ["ws close", 1000]],
      ["a lost connection", ["ws terminate"]],
      ["a ping", ["ws send", "2"]],
      ["no packet", ["ws send", "hello"]],
      ["text that is not UTF-8", ["ws text", "34ff"]],
      ["an unmasked frame", ["ws write", "8102363d"]],
    ].map(([what, step]) => ({
      name: `the reason that others see after ${what}`,
      steps: [["watch enter"], ["ws enter"], step, ["watch left", "ws"]],
    })),
  ],
};
