/** Opening a session, and requests that open none. */

const request = (name, query, options = {}, differs) => ({
  name,
  steps: [["http request", { query, ...options }]],
  differs,
});
const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
};
const POLLING = "EIO=4&transport=polling";
const WEBSOCKET = "EIO=4&transport=websocket";
const OPEN =
  '0{"sid":"<session 1>","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';
const DELIVERED = "poll < 200 cache-control: no-store; content-type: text/plain; charset=UTF-8 | ";
const VERSION = "Missing or invalid Sec-WebSocket-Version header";

export default {
  group: "handshake",
  cases: [
    { name: "long-polling", steps: [["poll open"]] },
    { name: "WebSocket", steps: [["ws open"], ["ws receive"]] },
    { name: "a timestamp and unknown parameters", steps: [["poll open", `${POLLING}&t=abc&x=1`]] },
    { name: "an empty sid", steps: [["poll open", `${POLLING}&sid=`]] },
    {
      name: "parameters given twice: the last one counts",
      steps: [["poll open", `EIO=3&EIO=4&transport=x&transport=polling`]],
    },
    request("a path below the endpoint", "", { path: "/socket.io/x?EIO=4&transport=x" }),
    ...[
      "",
      "transport=",
      "transport=tesla",
      "transport=webtransport",
      "transport=Polling",
      "transport=constructor",
    ].map((transport) => request(`transport unknown: ${transport || "none"}`, `EIO=4&${transport}`)),
    ...["EIO=3&", "", "EIO=5&", "EIO=&", "EIO=04&", "eio=4&"].map((version) =>
      request(`protocol version not 4: ${version || "none"}`, `${version}transport=polling`),
    ),
    {
      name: "protocol version 3 over WebSocket",
      steps: [["ws open", "EIO=3&transport=websocket"], ["ws receiveAll"]],
      differs: {
        as: "refusals",
        reference: ["ws open", "ws closed 1006"],
        host: ["ws < 400 text/html | Unsupported protocol version"],
      },
    },
    request("unknown sid", `${POLLING}&sid=nobody`),
    request("unknown sid with POST", `${POLLING}&sid=nobody`, { method: "POST", body: "40" }),
    request("unknown sid and transport unknown", "EIO=4&transport=x&sid=nobody"),
    ...["__proto__", "constructor", "%00", "é"].map((sid) =>
      request(`unknown sid: ${sid}`, `${POLLING}&sid=${encodeURI(sid)}`),
    ),
    { name: "unknown sid over WebSocket", steps: [["ws open", `${WEBSOCKET}&sid=nobody`]] },
    { name: "transport unknown over WebSocket", steps: [["ws open", "EIO=4&transport=tesla"]] },
    request("WebSocket without an upgrade", WEBSOCKET),
    {
      name: "an upgrade request for long-polling",
      steps: [["ws open", POLLING], ["ws receiveAll"]],
      differs: {
        as: "refusals",
        reference: ["ws open", "ws closed 1005"],
        host: ["ws < 400 text/html | Bad request"],
      },
    },
    ...["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"].map((method) =>
      request(`${method} opens nothing`, POLLING, { method }),
    ),
    ...["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"].map((method) => ({
      name: `${method} with a sid`,
      steps: [["poll open"], ["poll request", { method }]],
    })),
    {
      name: "a session goes on after a wrong method",
      steps: [["poll open"], ["poll request", { method: "PUT" }], ["poll join", "/probe"]],
    },
    {
      name: "long-polling requests for a session on WebSocket",
      steps: [["ws enter"], ["poll adopt", "ws"], ["poll request"], ["poll post", "41"], ["ws sync"]],
    },
    {
      name: "protocol version 3 with the sid of a session",
      steps: [["poll open"], ["poll as", "EIO=3&transport=polling"], ["poll request"]],
    },
    {
      name: "transport unknown with the sid of a session",
      steps: [["poll open"], ["poll as", "EIO=4&transport=x"], ["poll request"]],
    },
    {
      name: "WebSocket without an upgrade for a session",
      steps: [["poll open"], ["poll as", WEBSOCKET], ["poll request"]],
    },
    {
      name: "long-polling requests for a session that was on WebSocket and is gone",
      steps: [
        ["watch enter"],
        ["ws enter"],
        ["ws close", 1000],
        ["watch left", "ws"],
        ["poll adopt", "ws"],
        ["poll request"],
        ["poll post", "3"],
      ],
    },
    request("an upgrade without a key", WEBSOCKET, { headers: { ...UPGRADE, "sec-websocket-key": "" } }),
    request("an upgrade with a short key", WEBSOCKET, { headers: { ...UPGRADE, "sec-websocket-key": "AAAA" } }),
    request("an upgrade with a key that is not base64", WEBSOCKET, {
      headers: { ...UPGRADE, "sec-websocket-key": "A!AAAAAAAAAAAAAAAAAAAA==" },
    }),
    request(
      "an upgrade with version 12",
      WEBSOCKET,
      { headers: { ...UPGRADE, "sec-websocket-version": "12" } },
      {
        as: "websocket_8",
        reference: [`http < 400 content-type: text/html; sec-websocket-version: 13, 8 | ${VERSION}`],
        host: [`http < 400 content-type: text/html; sec-websocket-version: 13 | ${VERSION}`],
      },
    ),
    request(
      "an upgrade with version 8",
      WEBSOCKET,
      { headers: { ...UPGRADE, "sec-websocket-version": "8" } },
      {
        as: "websocket_8",
        reference: ["http < 101 sec-websocket-accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI= | "],
        host: [`http < 400 content-type: text/html; sec-websocket-version: 13 | ${VERSION}`],
      },
    ),
    request("an upgrade with POST", WEBSOCKET, { method: "POST", headers: UPGRADE }),
    request(
      "an upgrade to something else",
      WEBSOCKET,
      { headers: { ...UPGRADE, upgrade: "h2c" } },
      {
        as: "other_upgrades",
        reference: ["http < 400 content-type: text/html | Invalid Upgrade header"],
        host: ['http < 400 content-type: application/json | {"code":3,"message":"Bad request"}'],
      },
    ),
    {
      name: "long-polling from a client that would rather speak HTTP/2",
      steps: [
        [
          "poll open",
          POLLING,
          { headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AA" } },
        ],
      ],
      differs: {
        as: "other_upgrades",
        reference: ["poll < 400 content-type: text/html | Invalid Upgrade header"],
        host: [DELIVERED + OPEN],
      },
    },
    request("a WebSocket upgrade is answered", WEBSOCKET, { headers: UPGRADE }),
    request("the first subprotocol is chosen", WEBSOCKET, {
      headers: { ...UPGRADE, "sec-websocket-protocol": "b, a" },
    }),
    request("no extension is chosen", WEBSOCKET, {
      headers: { ...UPGRADE, "sec-websocket-extensions": "permessage-deflate" },
    }),
    request("a hundred headers", POLLING + "x", {
      headers: Object.fromEntries(Array.from({ length: 95 }, (_, n) => [`x-${n}`, "y"])),
    }),
    request(
      "more than a hundred headers",
      POLLING + "x",
      {
        headers: Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`x-${n}`, "y"])),
      },
      {
        as: "many_headers",
        reference: ['http < 400 content-type: application/json | {"code":0,"message":"Transport unknown"}'],
        host: ["http < 431  | "],
      },
    ),
    {
      name: "JSONP",
      steps: [["poll open", `${POLLING}&j=0`]],
      differs: {
        as: "old_clients",
        reference: [`${DELIVERED}___eio[0](${JSON.stringify(OPEN)});`],
        host: [DELIVERED + OPEN],
      },
    },
    {
      name: "base64 over WebSocket",
      steps: [
        ["ws open", `${WEBSOCKET}&b64=1`],
        ["ws receive"],
        ["ws join", "/probe"],
        ["ws send", '451-/probe,1["echo",{"_placeholder":true,"num":0}]', "bAQID"],
        ["ws receive", 2],
      ],
      differs: { as: "old_clients", reference: ["ws < bAQID"], host: ["ws < binary 010203"] },
    },
    request(
      "the client library",
      "",
      { method: "HEAD", path: "/socket.io/socket.io.js" },
      {
        as: "client_files",
        reference: [
          "http < 200 cache-control: public, max-age=0; content-type: application/javascript; charset=utf-8 | ",
        ],
        host: ["http < 404  | "],
      },
    ),
  ],
};
