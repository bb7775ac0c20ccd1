/** Events and acknowledgements, both ways. */

const PLACE = (num) => `{"_placeholder":true,"num":${num}}`;
const entered = (name, ...steps) => ({ name, steps: [["ws enter"], ...steps] });
/** Sends the arguments of `echo`, and sees what comes back. */
const echoed = (name, json, count = 1) =>
  entered(name, ["ws send", `42/probe,1["echo",${json}]`], ["ws receive", count]);
const caught = (name, ...steps) => ({ name, steps: [["ws enter", "/wildcard"], ...steps] });
const bytes = (...values) => Buffer.from(values);

export default {
  group: "events and acknowledgements",
  cases: [
    entered("an event without an id gets no answer", ["ws send", '42/probe,["echo",1]'], ["ws sync"]),
    entered(
      "ids are as the client chose them",
      ["ws send", '42/probe,7["echo"]', '42/probe,7["echo"]', '42/probe,0["echo"]'],
      ["ws receive", 3],
    ),
    entered("an id with leading zeros", ["ws send", '42/probe,007["echo"]'], ["ws receive"]),
    entered("the largest id", ["ws send", '42/probe,9007199254740991["echo"]'], ["ws receive"]),
    {
      ...entered("an id too large", ["ws send", '42/probe,9007199254740993["echo"]'], ["ws receive"]),
      differs: {
        as: "malformed",
        reference: ["ws < 43/probe,9007199254740992[]"],
        host: ["ws closed 1005"],
      },
    },
    {
      ...entered("an id far too large", ["ws send", `42/probe,${"9".repeat(400)}["echo"]`], ["ws receive"]),
      differs: {
        as: "malformed",
        reference: ["ws < 43/probe,Infinity[]"],
        host: ["ws closed 1005"],
      },
    },
    entered(
      "no argument, several, an array",
      ["ws send", '42/probe,1["nothing"]', '42/probe,2["pair"]', '42/probe,3["array"]'],
      ["ws receive", 3],
    ),
    entered("an event without a handler", ["ws send", '42/probe,1["nobody"]'], ["ws sync"]),
    entered(
      "events are answered in their order",
      ["ws send", ...[1, 2, 3, 4, 5].map((n) => `42/probe,["order",${n}]`)],
      ["ws receive", 5],
    ),
    entered(
      "an event and its acknowledgement in their order",
      ["ws send", '42/probe,1["emit","news",{"a":1}]'],
      ["ws receive", 2],
    ),
    echoed("all kinds of JSON", '1,-1.5,"x",true,false,null,[],{},[1,[2]],{"a":{"b":null}}'),
    {
      ...echoed("unicode", '"é€😀 \u2028 \\u0000 \\ud83d\\ude00"'),
      differs: {
        as: "untouched",
        reference: ['ws < 43/probe,1["é€😀 \u2028 \\u0000 😀"]'],
        host: ['ws < 43/probe,1["é€😀 \u2028 \\u0000 \\ud83d\\ude00"]'],
      },
    },
    echoed("a lone surrogate", '"\\ud800"'),
    {
      ...echoed("escapes", '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"'),
      differs: {
        as: "untouched",
        reference: ['ws < 43/probe,1["\\"\\\\/\\b\\f\\n\\r\\tA"]'],
        host: ['ws < 43/probe,1["\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"]'],
      },
    },
    {
      ...echoed("whitespace in JSON", ' [ 1 , { "a" : 2 } ] '),
      differs: {
        as: "untouched",
        reference: ['ws < 43/probe,1[[1,{"a":2}]]'],
        host: ['ws < 43/probe,1[ [ 1 , { "a" : 2 } ] ]'],
      },
    },
    {
      ...echoed("numbers that JavaScript writes otherwise", "1.0,1e2,-0,123456789012345678901234567890,1E400,0.1e-7"),
      differs: {
        as: "untouched",
        reference: ["ws < 43/probe,1[1,100,0,1.2345678901234568e+29,null,1e-8]"],
        host: ["ws < 43/probe,1[1.0,1e2,-0,123456789012345678901234567890,1E400,0.1e-7]"],
      },
    },
    {
      ...echoed("a key twice", '{"a":1,"a":2}'),
      differs: {
        as: "untouched",
        reference: ['ws < 43/probe,1[{"a":2}]'],
        host: ['ws < 43/probe,1[{"a":1,"a":2}]'],
      },
    },
    echoed("__proto__ as a key", '{"__proto__":1,"constructor":2}'),
    {
      ...echoed("an integer as a key", '{"b":1,"2":2,"1":3}'),
      differs: {
        as: "untouched",
        reference: ['ws < 43/probe,1[{"1":3,"2":2,"b":1}]'],
        host: ['ws < 43/probe,1[{"b":1,"2":2,"1":3}]'],
      },
    },
    echoed("JSON 100 levels deep", "[".repeat(100) + "]".repeat(100)),
    echoed("JSON 1000 levels deep", "[".repeat(1000) + "]".repeat(1000)),
    echoed("a long text", `"${"x".repeat(100_000)}"`),
    ...[
      ["unicode", '"é€😀"'],
      ["an escape", '"\\u0065cho"'],
      ["quotes", '"a\\"b"'],
      ["nothing", '""'],
      ["a namespace", '"/probe,"'],
      ["$connect", '"$connect"'],
      ["$disconnect", '"$disconnect"'],
      ["message", '"message"'],
      ["error", '"error"'],
      ["__proto__", '"__proto__"'],
    ].map(([what, name]) => entered(`an event name: ${what}`, ["ws send", `42/probe,1[${name},1]`], ["ws sync"])),
    ...["1", "-5", "1.5"].map((name) =>
      entered(`an event name that is a number: ${name}`, ["ws send", `42/probe,1[${name},1]`], ["ws sync"]),
    ),
    entered("the server names an event in unicode", ["ws send", '42/probe,["emit","é\\"\\n😀",1]'], ["ws receive"]),
    entered(
      "the server asks, and the client answers",
      ["ws send", '42/probe,1["ask",9000]'],
      ["ws receive"],
      ["ws acknowledge", '["yes",2]'],
      ["ws receive"],
    ),
    entered(
      "the client answers without arguments",
      ["ws send", '42/probe,1["ask",9000]'],
      ["ws receive"],
      ["ws acknowledge", "[]"],
      ["ws receive"],
    ),
    entered(
      "the client answers twice",
      ["ws send", '42/probe,1["ask",9000]'],
      ["ws receive"],
      ["ws acknowledge", "[1]"],
      ["ws acknowledge", "[2]"],
      ["ws receive"],
      ["ws sync"],
    ),
    entered("the client answers what nobody asked", ["ws send", "43/probe,12345[1]"], ["ws sync"]),
    entered(
      "the client's answer is binary",
      ["ws send", '42/probe,1["relay",9000]'],
      ["ws receive"],
      ["ws acknowledgeBinary", "0102"],
      ["ws receive", 2],
    ),
    entered("an attachment", ["ws send", `451-/probe,1["echo",${PLACE(0)}]`, bytes(1, 2)], ["ws receive", 2]),
    {
      ...entered(
        "two attachments, in the order of their numbers",
        ["ws send", `452-/probe,1["echo",${PLACE(1)},${PLACE(0)}]`, bytes(1), bytes(2)],
        ["ws receive", 3],
      ),
      differs: {
        as: "untouched",
        reference: [
          'ws < 462-/probe,1[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
          "ws < binary 02",
          "ws < binary 01",
        ],
        host: [
          'ws < 462-/probe,1[{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]',
          "ws < binary 01",
          "ws < binary 02",
        ],
      },
    },
    entered(
      "an attachment deep in an object",
      ["ws send", `451-/probe,1["echo",{"a":[{"b":${PLACE(0)}}]}]`, bytes(1)],
      ["ws receive", 2],
    ),
    entered(
      "an attachment in an event without an id",
      ["ws send", `451-/probe,["echo",${PLACE(0)}]`, bytes(1)],
      ["ws sync"],
    ),
    entered(
      "ten attachments",
      [
        "ws send",
        `4510-/probe,1["echo",${Array.from({ length: 10 }, (_, n) => PLACE(n)).join()}]`,
        ...Array(10).fill(bytes(1)),
      ],
      ["ws receive", 11],
    ),
    {
      ...entered("attachments that no argument refers to", ["ws send", '451-/probe,1["echo"]', bytes(1)], ["ws sync"]),
      differs: {
        as: "untouched",
        reference: ["ws < 43/probe,1[]"],
        host: ["ws < 461-/probe,1[]", "ws < binary 01"],
      },
    },
    {
      ...entered(
        "an attachment that is referred to twice",
        ["ws send", `451-/probe,1["echo",${PLACE(0)},${PLACE(0)}]`, bytes(1)],
        ["ws receive", 2],
      ),
      differs: {
        as: "untouched",
        reference: ['ws < 462-/probe,1[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'],
        host: ['ws < 461-/probe,1[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]'],
      },
    },
    entered(
      "the server emits an attachment",
      ["ws send", `451-/probe,1["nested",{"blob":${PLACE(0)}}]`, bytes(9)],
      ["ws receive", 4],
    ),
    entered(
      "an attachment in the namespace / without a handler",
      ["ws join", "/"],
      ["ws send", `451-1["nobody",${PLACE(0)}]`, bytes(1)],
      ["ws sync", "/"],
    ),
    {
      name: "a broadcast with an attachment, to both transports",
      steps: [
        ["ws enter"],
        ["poll open"],
        ["poll join", "/probe"],
        ["other enter"],
        ["other send", `451-/probe,1["pass","x",{"deep":[${PLACE(0)}]}]`, bytes(7, 8)],
        ["other receive"],
        ["ws receive", 2],
        ["poll receive", 2],
      ],
    },
    caught("an event whose handler is one for all", ["ws send", '42/wildcard,["nobody",1,[2],null]'], ["ws receive"]),
    caught("the handler for all comes before the event's own", ["ws send", '42/wildcard,8["size",1,2]'], ["ws receive", 2]),
    caught("the handler for all answers nobody", ["ws send", '42/wildcard,8["nobody"]', '42/wildcard,9["size"]'], ["ws receive", 3]),
    caught("attachments, at a handler for all", ["ws send", `451-/wildcard,["nobody",{"deep":${PLACE(0)}}]`, bytes(1, 2)], ["ws receive", 2]),
  ],
};
