/** The upgrade from long-polling to WebSocket. */

const ASK = '42999["name"]';
const ECHO = (n) => `42/probe,${n}["echo",${n}]`;
const OPEN = [["poll open"], ["poll join", "/"]];
/** The session goes on over long-polling. */
const POLLS_ON = [["poll post", ASK], ["poll receive"]];

export default {
  group: "upgrade",
  cases: [
    {
      name: "probe and upgrade",
      steps: [...OPEN, ["ws upgrade", "poll"], ["ws probe"], ["ws sync", "/"], ["poll request"], ["poll post", ASK]],
    },
    {
      name: "a session that has joined nothing yet",
      steps: [["poll open"], ["ws upgrade", "poll"], ["ws probe"], ["ws join", "/probe"], ["ws sync"]],
    },
    {
      name: "a GET that waits is released with a noop",
      steps: [
        ...OPEN,
        ["poll begin", "get"],
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["poll answer", "get"],
        ["ws send", "5"],
        ["ws sync", "/"],
      ],
    },
    {
      name: "every further GET during the probe is released as well",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["poll request"],
        ["poll request"],
        ["ws send", "5"],
        ["ws sync", "/"],
      ],
    },
    {
      name: "a GET that waits while the upgrade completes",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["poll begin", "get"],
        ["ws send", "5"],
        ["poll answer", "get"],
        ["ws sync", "/"],
      ],
    },
    {
      name: "what is sent during the probe comes over long-polling, and the rest over WebSocket, once and in order",
      steps: [
        ["poll open"],
        ["poll join", "/probe"],
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["poll post", ECHO(1), ECHO(2)],
        ["poll receiveTo", "43/probe,2"],
        ["poll post", ECHO(3), ECHO(4)],
        ["ws send", "5"],
        ["ws send", ECHO(5)],
        ["ws receiveTo", "43/probe,5"],
      ],
    },
    {
      name: "a POST whose body comes after the upgrade",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["poll beginPost", "post", ASK],
        ["ws send", "5"],
        ["ws sync", "/"],
        ["poll sendBody"],
        ["poll answer", "post"],
        ["ws sync", "/"],
      ],
      differs: { as: "lost_post", reference: ["poll < connection lost"], host: ["poll < 400  | "] },
    },
    ...[
      ["another packet than a ping", ["4hello"]],
      ["a ping without probe", ["2"]],
      ["a ping with another word", ["2other"]],
      ["an empty message", [""]],
      ["no packet", ["xyz"]],
      ["a message instead of the upgrade packet", ["2probe", "4hello"]],
    ].map(([what, frames]) => ({
      name: `a failed probe: ${what}`,
      steps: [...OPEN, ["ws upgrade", "poll"], ["ws send", ...frames], ["ws receiveAll"], ...POLLS_ON],
    })),
    {
      name: "an upgrade without a probe",
      steps: [...OPEN, ["ws upgrade", "poll"], ["ws send", "5"], ["ws sync", "/"]],
    },
    {
      name: "two probes, then the upgrade",
      steps: [...OPEN, ["ws upgrade", "poll"], ["ws send", "2probe"], ["ws receive"], ["ws probe"], ["ws sync", "/"]],
    },
    {
      name: "the upgrade packet with data",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["ws send", "5data"],
        ["ws sync", "/"],
      ],
    },
    {
      name: "a WebSocket that closes before its probe",
      steps: [...OPEN, ["ws upgrade", "poll"], ["ws close", 1000], ["ws receiveAll"], ...POLLS_ON],
    },
    {
      name: "a WebSocket that closes after its probe",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["ws close", 1000],
        ["ws receiveAll"],
        ...POLLS_ON,
      ],
    },
    {
      name: "a second attempt after a failed one",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "x"],
        ["ws receiveAll"],
        ["again upgrade", "poll"],
        ["again probe"],
        ["again sync", "/"],
      ],
    },
    {
      name: "a second WebSocket during the probe",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["second upgrade", "poll"],
        ["second receiveAll"],
        ["ws send", "5"],
        ["ws sync", "/"],
      ],
    },
    {
      name: "a second WebSocket after the upgrade",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws probe"],
        ["ws sync", "/"],
        ["second upgrade", "poll"],
        ["second receiveAll"],
        ["ws sync", "/"],
      ],
    },
    {
      name: "a WebSocket for a session that began as one",
      steps: [["ws enter"], ["second upgrade", "ws"], ["second send", "2probe"], ["second receive", 1], ["ws sync"]],
      differs: { as: "second_websocket", reference: ["second < 3probe"], host: ["second closed 1005"] },
    },
    {
      name: "protocol version 3 during the upgrade",
      steps: [...OPEN, ["ws upgrade", "poll", "EIO=3&transport=websocket"], ...POLLS_ON],
    },
    {
      name: "long-polling as the transport of an upgrade",
      steps: [...OPEN, ["ws upgrade", "poll", "EIO=4&transport=polling"], ["ws receiveAll"], ...POLLS_ON],
      differs: {
        as: "refusals",
        reference: ["ws open", "ws closed 1005"],
        host: ["ws < 400 text/html | Bad request"],
      },
    },
    {
      name: "the session is closed over long-polling during the probe",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["poll post", "1"],
        ["ws receiveAll"],
      ],
    },
    {
      name: "the server closes the session during the probe",
      steps: [
        ["poll open"],
        ["poll join", "/probe"],
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receive"],
        ["poll post", '42/probe,["quit",true]'],
        ["poll receiveAll"],
        ["ws receiveAll"],
      ],
    },
    {
      name: "a ping after the upgrade",
      steps: [
        ...OPEN,
        ["ws upgrade", "poll"],
        ["ws probe"],
        ["ws sync", "/"],
        ["ws send", "2probe"],
        ["ws receiveAll"],
      ],
    },
  ],
};
