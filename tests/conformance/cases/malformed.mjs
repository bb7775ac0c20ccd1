/** Packets that break the rules of Socket.IO, and some that only look so. */

const PLACE = (num) => `{"_placeholder":true,"num":${num}}`;
/** Sends frames to a socket of `/`, and sees whether the session outlives them. */
const sent = (name, ...frames) => ({
  name,
  steps: [
    ["ws enter", "/"],
    ["ws send", ...frames],
    ["ws sync", "/"],
  ],
});
/** The same to `/probe`, whose `echo` answers. */
const echoed = (name, ...frames) => ({ name, steps: [["ws enter"], ["ws send", ...frames], ["ws sync"]] });
const bytes = Buffer.from([1]);

export default {
  group: "malformed packets",
  cases: [
    sent("an empty packet", "4"),
    ...["7", "9", "a", "-", " ", "é", "/", "[]"].map((type) =>
      sent(`a type that is none: ${type}`, `4${type}["name"]`),
    ),
    {
      ...sent("the payload of an event: none", "42"),
      differs: { as: "malformed", reference: ['ws < 43999["/"]'], host: ["ws closed 1005"] },
    },
    ...[
      "[]",
      "{}",
      '"name"',
      "null",
      "true",
      "[null]",
      "[true]",
      "[[]]",
      "[{}]",
      '["name"',
      '["name",]',
      "['name']",
      '["name"]x',
      "[",
      '["name",NaN]',
      '["name",01]',
      '["a\tb"]',
      '["\\x"]',
      "[\ufeff]",
    ].map((payload) => sent(`the payload of an event: ${payload}`, `42${payload}`)),
    ...["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"].map((name) =>
      sent(`a reserved name: ${name}`, `42["${name}"]`),
    ),
    sent("a reserved name with escapes", '42["\\u0063onnect"]'),
    ...['-1["name"]', '1.5["name"]', '1e3["name"]', '+1["name"]', '1 ["name"]', '0x1["name"]', '１["name"]'].map(
      (rest) => sent(`an id that is none: ${rest}`, `42${rest}`),
    ),
    {
      ...sent("whitespace before an id", '42 1["name"]'),
      differs: { as: "malformed", reference: ['ws < 431["/"]', 'ws < 43999["/"]'], host: ["ws closed 1005"] },
    },
    {
      ...sent("whitespace in place of an id", '42 ["name"]'),
      differs: { as: "malformed", reference: ['ws < 430["/"]', 'ws < 43999["/"]'], host: ["ws closed 1005"] },
    },
    ...["", "{}", "null", '"x"', "1"].map((payload) =>
      sent(`the payload of an ack: ${payload || "none"}`, `431${payload}`),
    ),
    {
      ...sent("an ack without an id", "43[]"),
      differs: {
        as: "malformed",
        reference: ['ws < 43999["/"]'],
        host: ["ws closed 1005"],
      },
    },
    {
      ...sent("an ack with an id too large", "4399999999999999999999[]"),
      differs: {
        as: "malformed",
        reference: ['ws < 43999["/"]'],
        host: ["ws closed 1005"],
      },
    },
    ...["", "x", "-1", "1.5", "0", "1e1", " 1", "11", "99999999999999999999"].map((count) =>
      sent(`a number of attachments: ${count || "none"}`, `45${count}-["name"]`),
    ),
    sent("no dash after the number of attachments", '451["name"]'),
    sent("a number of attachments and no more", "451-"),
    sent("an event with a number of attachments", '421-["name"]'),
    echoed("leading zeros in the number of attachments", `4501-/probe,1["echo",${PLACE(0)}]`, bytes),
    echoed("fewer attachments than references", `451-/probe,1["echo",${PLACE(0)},${PLACE(1)}]`, bytes),
    echoed("a reference to attachment -1", `451-/probe,1["echo",${PLACE(-1)}]`, bytes),
    {
      ...echoed("a reference to attachment 0.5", `451-/probe,1["echo",${PLACE(0.5)}]`, bytes),
      differs: {
        as: "malformed",
        reference: ["ws < 43/probe,1[null]", "ws < 43/probe,999[]"],
        host: ["ws closed 1005"],
      },
    },
    echoed("a reference that is a text", `451-/probe,1["echo",${PLACE('"0"')}]`, bytes),
    echoed("a reference without a number", '451-/probe,1["echo",{"_placeholder":true}]', bytes),
    {
      ...echoed("a placeholder that is not true", '451-/probe,1["echo",{"_placeholder":1,"num":5}]', bytes),
      differs: {
        as: "untouched",
        reference: ['ws < 43/probe,1[{"_placeholder":1,"num":5}]'],
        host: ['ws < 461-/probe,1[{"_placeholder":1,"num":5}]', "ws < binary 01"],
      },
    },
    {
      ...echoed("a placeholder that is escaped", `451-/probe,1["echo",{"_place\\u0068older":true,"num":0}]`, bytes),
      differs: {
        as: "untouched",
        reference: ['ws < 461-/probe,1[{"_placeholder":true,"num":0}]'],
        host: ['ws < 461-/probe,1[{"_place\\u0068older":true,"num":0}]'],
      },
    },
    {
      ...echoed("a placeholder with other keys", '451-/probe,1["echo",{"num":0,"_placeholder":true,"x":1}]', bytes),
      differs: {
        as: "untouched",
        reference: ['ws < 461-/probe,1[{"_placeholder":true,"num":0}]'],
        host: ['ws < 461-/probe,1[{"num":0,"_placeholder":true,"x":1}]'],
      },
    },
    echoed("a placeholder in place of the name", `451-/probe,1[${PLACE(0)}]`, bytes),
    echoed(
      "a placeholder in an event without attachments",
      `42/probe,1["echo",${PLACE(0)},${PLACE(7)},{"_placeholder":true,"num":"x"}]`,
    ),
    echoed(
      "a placeholder in an event without attachments, beside one that has",
      `42/probe,1["echo",${PLACE(0)}]`,
      `451-/probe,2["echo",${PLACE(0)}]`,
      bytes,
    ),
    echoed("a placeholder in an ack", `43/probe,999[${PLACE(0)}]`),
    {
      name: "a placeholder that the server sends on to others",
      steps: [
        ["ws enter"],
        ["other enter"],
        ["ws send", '42/probe,["join",["malice"]]'],
        ["ws sync"],
        ["other send", `42/probe,1["op",{"to":["malice"],"event":"news","args":${PLACE(0)}}]`],
        ["other receive"],
        ["ws receive"],
      ],
    },
    sent("text where an attachment is due", `451-["name",${PLACE(0)}]`, '42["name"]'),
    sent("a pong where an attachment is due", `451-["name",${PLACE(0)}]`, "3", bytes),
    sent("a second header where an attachment is due", `451-["name",${PLACE(0)}]`, `451-["name",${PLACE(0)}]`),
    sent("an attachment too many", `451-["name",${PLACE(0)}]`, bytes, bytes),
    sent("an attachment that nobody announced", bytes),
    sent("an attachment after an event without any", '42["nobody"]', bytes),
    sent("a binary CONNECT", "450-", bytes),
    sent("a binary event for a namespace that was not joined", `451-/other,["name",${PLACE(0)}]`, bytes),
    {
      name: "packets after a malformed one are not",
      steps: [["ws enter"], ["ws send", "42x", '42/probe,1["echo"]'], ["ws receiveAll"]],
    },
    {
      name: "a malformed packet in one namespace ends all",
      steps: [["ws enter"], ["ws join", "/"], ["ws send", "42x"], ["ws receiveAll"]],
    },
    {
      name: "the reason that others see",
      steps: [["watch enter"], ["ws enter"], ["ws send", "42/probe,x"], ["watch left", "ws"]],
      differs: { as: "reasons", reference: ["watch left: forced close"], host: ["watch left: parse error"] },
    },
    { name: "in long-polling", steps: [["poll open"], ["poll join", "/"], ["poll post", "42x"], ["poll receiveAll"]] },
    {
      name: "in long-polling, while a GET waits",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll begin", "get"],
        ["poll wait", 200],
        ["poll post", "42x"],
        ["poll answer", "get"],
        ["poll request"],
      ],
    },
  ],
};
