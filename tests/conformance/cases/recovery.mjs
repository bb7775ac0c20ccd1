/** Connection state recovery: clients that are cut off and return. */

const open = (client) => [[`${client} open`], [`${client} receive`]];
/** Tells everybody but itself. */
const say = (client, to, event) => [
  [`${client} send`, `42/probe,1["op",${JSON.stringify({ from: "socket", to, event, args: [1, { a: null }] })}]`],
  [`${client} receive`],
];
/** `a` joins `/probe` and a room, whose name is the last in any order, and is cut off while `w` watches. */
const CUT_OFF = [
  ...open("w"),
  ["w join", "/probe"],
  ...open("a"),
  ["a join", "/probe"],
  ["a send", '42/probe,1["join",["~"]]'],
  ["a receive"],
  ["a terminate"],
  ["w left", "a"],
];
/** `b` returns as `a`, and shows what it is. */
const RETURN = (changes) => [
  ...open("b"),
  ["b returns", "a", "/probe", changes],
  ["b receiveTo", '42/probe,["hello"'],
  ["b sync"],
];

export default {
  group: "connection state recovery",
  settings: "recovery",
  cases: [
    { name: "CONNECT has a private id", steps: [...open("a"), ["a join", "/probe"], ["a sync"]] },
    {
      name: "events end with an offset, questions and acknowledgements do not",
      steps: [
        ...open("a"),
        ["a join", "/probe"],
        ["a send", '42/probe,1["emit","news",{"a":[1]}]'],
        ["a receive", 2],
        ["a send", '42/probe,2["ask",5000]'],
        ["a receive"],
        ["a acknowledge", "[7]"],
        ["a receive"],
      ],
    },
    {
      name: "volatile events",
      steps: [...open("a"), ["a join", "/probe"], ["a send", '42/probe,["emitVolatile","news",1]'], ["a receive"]],
      differs: {
        as: "recovery_volatile",
        reference: ['a < 42/probe,["news",1]'],
        host: ['a < 42/probe,["news",1,"<offset>"]'],
      },
    },
    { name: "a client that returns gets its id", steps: [...CUT_OFF, ...RETURN()] },
    {
      name: "a client that returns gets what it missed",
      steps: [
        ...CUT_OFF,
        ...say("w", ["~"], "one"),
        ...say("w", ["elsewhere"], "for others"),
        ...say("w", [], "two"),
        ...RETURN(),
        ...say("w", ["~"], "after"),
        ["b receive"],
      ],
    },
    {
      name: "a client that returns twice",
      steps: [
        ...CUT_OFF,
        ...RETURN(),
        ["b terminate"],
        ["w left", "b"],
        ...say("w", ["~"], "news"),
        ...open("c"),
        ["c returns", "b", "/probe"],
        ["c receiveTo", '42/probe,["hello"'],
      ],
    },
    { name: "an unknown private id", steps: [...CUT_OFF, ...RETURN({ pid: "unknown" })] },
    { name: "an unknown offset", steps: [...CUT_OFF, ...RETURN({ offset: "unknown" })] },
    { name: "a private id that is no text", steps: [...CUT_OFF, ...RETURN({ pid: 1 })] },
    { name: "an offset that is no text", steps: [...CUT_OFF, ...RETURN({ offset: 1 })] },
    {
      name: "a client that left by itself starts anew",
      steps: [
        ...open("w"),
        ["w join", "/probe"],
        ...open("a"),
        ["a join", "/probe"],
        ["a send", "41/probe,"],
        ["w left", "a"],
        ...RETURN(),
      ],
    },
    {
      name: "a client that the server disconnected starts anew",
      steps: [
        ...open("w"),
        ["w join", "/probe"],
        ...open("a"),
        ["a join", "/probe"],
        ["a send", '42/probe,["quit",false]'],
        ["a receive"],
        ["w left", "a"],
        ...RETURN(),
      ],
    },
    {
      name: "a client that has seen no event",
      steps: [...open("a"), ["a join", "/other"], ["a terminate"], ["a wait", 300], ...open("b"), ["b returns", "a", "/other"], ["b receive"]],
      differs: {
        as: "recovery_unseen",
        reference: ['b < 40/other,{"sid":"<socket 5>","pid":"<pid 6>"}'],
        host: ['b < 40/other,{"sid":"<socket 2>","pid":"<pid 3>"}'],
      },
    },
  ],
};
