/** The largest payload: 300 bytes. */

const DELIVERED = "poll < 200 cache-control: no-store; content-type: text/plain; charset=UTF-8 | ";

/** An event of exactly so many bytes, Engine.IO's type included. */
const event = (bytes) => `42/probe,1["echo","${"x".repeat(bytes - 21)}"]`;
/** Whether the session goes on. */
const AFTER = [["poll post", '42/probe,2["echo"]'], ["poll request"]];
/** The host has closed the session; the reference server has not. */
const POLLING_DIFFERS = {
  as: "payload_bound",
  reference: [`${DELIVERED}43/probe,2[]`],
  host: [`${DELIVERED}6␞1`],
};
const entered = (name, ...steps) => ({ name, steps: [["ws enter"], ...steps] });
const polling = (name, ...steps) => ({ name, steps: [["poll open"], ["poll join", "/probe"], ...steps] });

export default {
  group: "maxPayload",
  settings: "small",
  cases: [
    { name: "it is advertised", steps: [["poll open"], ["ws open"], ["ws receive"]] },
    entered("a message of the largest size", ["ws send", event(300)], ["ws receive"]),
    entered("a message too large", ["ws send", event(301)], ["ws receiveAll"]),
    entered(
      "fragments too large together",
      ["ws fragments", event(301).slice(0, 200), event(301).slice(200)],
      ["ws receiveAll"],
    ),
    entered("a binary message too large", ["ws send", Buffer.alloc(301)], ["ws receiveAll"]),
    entered("a frame that only says it is too large", ["ws write", "81fe7fff00000000"], ["ws receiveAll"]),
    {
      name: "the reason that others see after a message too large",
      steps: [["watch enter"], ["ws enter"], ["ws send", event(301)], ["watch left", "ws"]],
      differs: { as: "reasons", reference: ["watch left: transport error"], host: ["watch left: parse error"] },
    },
    {
      name: "the probe of an upgrade too large",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["ws upgrade", "poll"],
        ["ws send", "x".repeat(301)],
        ["ws receiveAll"],
        ["poll post", '42999["name"]'],
        ["poll receive"],
      ],
    },
    polling("a body of the largest size", ["poll post", event(300)], ["poll receive"]),
    { ...polling("a body too large", ["poll post", event(301)], ...AFTER), differs: POLLING_DIFFERS },
    {
      ...polling("packets too large together", ["poll post", event(150), event(150)], ...AFTER),
      differs: POLLING_DIFFERS,
    },
    {
      ...polling("a body that is too large in chunks", ["poll chunks", event(200), event(200)], ...AFTER),
      differs: POLLING_DIFFERS,
    },
    {
      ...polling("characters count as bytes", ["poll post", `42/probe,1["echo","${"é".repeat(140)}"]`], ...AFTER),
      differs: POLLING_DIFFERS,
    },
    {
      ...entered(
        "attachments count with their packet",
        ["ws send", '451-/probe,1["echo",{"_placeholder":true,"num":0}]', Buffer.alloc(290)],
        ["ws receive", 2],
      ),
      differs: {
        as: "payload_bound",
        reference: ['ws < 461-/probe,1[{"_placeholder":true,"num":0}]', `ws < binary ${"00".repeat(290)}`],
        host: ["ws closed 1005"],
      },
    },
  ],
};
