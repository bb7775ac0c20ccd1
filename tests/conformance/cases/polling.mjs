/** Long-polling: payloads, requests that overlap, closing. */

const ASK = '42999["name"]';

/** A session in `/` whose client posts a body. */
const posted = (name, body, ...more) => ({
  name,
  steps: [["poll open"], ["poll join", "/"], ["poll request", { method: "POST", body }], ...more],
});
const ALIVE = [["poll post", ASK], ["poll receive"]];
/** What a client that polls on sees of a closed session. */
const DEAD = [["poll request"], ["poll request"]];

const PLAIN = "content-type: text/plain; charset=UTF-8";

export default {
  group: "long-polling",
  cases: [
    posted("one packet", ASK, ["poll receive"]),
    posted("several packets", `${ASK}\x1e${ASK}\x1e${ASK}`, ["poll receive", 3]),
    posted("several packets are answered in one payload", `${ASK}\x1e${ASK}`, ["poll request"]),
    posted("a pong nobody asked for", "3", ...ALIVE),
    posted("data after a pong", "3data", ...ALIVE),
    posted("an open, an upgrade and a noop packet are ignored", "0\x1e5\x1e6", ...ALIVE),
    posted("a ping", "2", ...DEAD),
    posted("a ping with data", "2probe", ...DEAD),
    posted("an empty body", "", ...DEAD),
    posted("an empty packet at the end", `${ASK}\x1e`, ...DEAD),
    posted("an empty packet at the beginning", `\x1e${ASK}`, ...DEAD),
    posted("a packet of no known type", "7", ...DEAD),
    posted("text that is no packet", "hello", ...DEAD),
    posted("a message without data", "4", ...DEAD),
    posted("revision 3 of the payload", "2:40", ...DEAD),
    posted("packets before a malformed one are handled", `${ASK}\x1ex`, ...DEAD),
    {
      ...posted("invalid base64 where nothing binary is due", "b!!", ...DEAD),
      differs: {
        as: "base64",
        reference: [`poll < 200 cache-control: no-store; ${PLAIN} | 6␞1`],
        host: ['poll < 400 content-type: application/json | {"code":1,"message":"Session ID unknown"}'],
      },
    },
    posted("unicode", '42999["name","é€😀\\u0000"]', ["poll receive"]),
    posted("a close packet", "1", ...DEAD),
    posted("packets after a close packet", `1\x1e${ASK}`, ...DEAD),
    posted("packets before a close packet", `${ASK}\x1e1`, ...DEAD),
    {
      name: "binary messages are base64, both ways",
      steps: [
        ["poll open"],
        ["poll join", "/probe"],
        ["poll post", '451-/probe,7["nested",{"blob":{"_placeholder":true,"num":0}}]', "bAQIDBA=="],
        ["poll receive", 4],
      ],
    },
    ...[
      ["bAQIDBA"],
      ["b"],
      ["bAQID BA==", "bAQIDBA=="],
      ["bAQID*BA==", "bAQIDBA=="],
      ["b-_-_", "b+/+/"],
      ["bA", "b"],
      ["bAQIDBA==junk", "bAQIDBA=="],
    ].map(([base64, understood]) => ({
      name: `unusual base64: ${base64}`,
      steps: [
        ["poll open"],
        ["poll join", "/probe"],
        ["poll post", '451-/probe,7["echo",{"_placeholder":true,"num":0}]', base64],
        ["poll receive", 2],
      ],
      differs: understood && {
        as: "base64",
        reference: ['poll < 461-/probe,7[{"_placeholder":true,"num":0}]', `poll < ${understood}`],
        host: ['poll < 400 {"code":1,"message":"Session ID unknown"}'],
      },
    })),
    {
      name: "an attachment in a request of its own",
      steps: [
        ["poll open"],
        ["poll join", "/probe"],
        ["poll post", '451-/probe,7["echo",{"_placeholder":true,"num":0}]'],
        ["poll post", "bAQID"],
        ["poll receive", 2],
      ],
    },
    {
      name: "a body that is not UTF-8",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll postBytes", "34323939395b226e616d65222c22ff225d"],
        ["poll receive"],
      ],
    },
    ...[
      ["application/octet-stream", DEAD],
      ["application/octet-stream; charset=x", ALIVE],
      ["application/json", ALIVE],
      ["text/plain;charset=UTF-8", ALIVE],
    ].map(([type, then]) => ({
      name: `a body of type ${type}`,
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll request", { method: "POST", body: "3", headers: { "content-type": type } }],
        ...then,
      ],
    })),
    {
      name: "a long answer to a client that understands gzip",
      steps: [
        ["poll open"],
        ["poll join", "/probe"],
        ["poll post", `42/probe,1["echo","${"x".repeat(2000)}"]`],
        ["poll request", { headers: { "accept-encoding": "gzip" } }],
      ],
      differs: {
        as: "compression",
        reference: [`poll < 200 cache-control: no-store; content-encoding: gzip; ${PLAIN} | (encoded)`],
        host: [`poll < 200 cache-control: no-store; ${PLAIN} | 43/probe,1["${"x".repeat(2000)}"]`],
      },
    },
    {
      name: "a GET waits for a packet",
      steps: [["poll open"], ["poll join", "/"], ["poll begin", "get"], ["poll post", ASK], ["poll answer", "get"]],
    },
    {
      name: "a second GET ends the session",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll begin", "a"],
        ["poll begin", "b"],
        ["poll answer", "a", "b"],
        ...DEAD,
      ],
    },
    {
      name: "a second POST ends the session",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll beginPost", "first", ASK],
        ["poll post", "3"],
        ["poll sendBody"],
        ["poll answer", "first"],
        ...DEAD,
      ],
      differs: { as: "lost_post", reference: ["poll < connection lost"], host: ["poll < 400  | "] },
    },
    {
      name: "a POST that takes its time",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll beginPost", "slow", ASK],
        ["poll sendBody"],
        ["poll answer", "slow"],
        ["poll receive"],
      ],
    },
    {
      name: "a close packet answers the GET that waits",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll begin", "get"],
        ["poll wait", 200],
        ["poll post", "1"],
        ["poll answer", "get"],
        ["poll request"],
      ],
    },
    {
      name: "a GET that waits and is given up ends the session",
      steps: [
        ["watch enter"],
        ["poll open"],
        ["poll join", "/probe"],
        ["poll begin", "get"],
        ["poll wait", 200],
        ["poll giveUp", "get"],
        ["watch left", "poll"],
        ["poll request"],
      ],
    },
    {
      name: "a POST that is given up ends the session",
      steps: [
        ["watch enter"],
        ["poll open"],
        ["poll join", "/probe"],
        ["poll beginPost", "post", ASK],
        ["poll giveUp", "post"],
        ["watch left", "poll"],
        ["poll request"],
      ],
    },
    ...[
      ["a close packet", "1"],
      ["a ping", "2"],
      ["no packet", "x"],
    ].map(([what, packet]) => ({
      name: `the reason that others see after ${what}`,
      steps: [["watch enter"], ["poll open"], ["poll join", "/probe"], ["poll post", packet], ["watch left", "poll"]],
    })),
    {
      name: "the server closes the session while a GET waits",
      steps: [
        ["watch enter"],
        ["poll open"],
        ["poll join", "/probe"],
        ["poll begin", "get"],
        ["poll wait", 200],
        ["poll post", '42/probe,["quit",true]'],
        ["poll answer", "get"],
        ["poll receiveAll"],
        ["watch left", "poll"],
      ],
    },
    {
      name: "the server closes the session while no GET waits",
      steps: [["poll open"], ["poll join", "/probe"], ["poll post", '42/probe,["quit",true]'], ["poll receiveAll"]],
    },
  ],
};
