/** Cross-origin requests, with each way to set `cors`. */

const POLLING = "EIO=4&transport=polling";
const A = { origin: "http://a.test" };
const C = { origin: "http://c.test" };
const PREFLIGHT = { "access-control-request-method": "POST" };
const request = (name, headers, options = {}) => ({
  name,
  steps: [["http request", { query: `${POLLING}&sid=x`, headers, ...options }]],
});

const cases = [
  request("no origin", {}),
  request("the first origin", A),
  request("another origin", C),
  request("the origin null", { origin: "null" }),
  request("the same host on another port", { origin: "http://a.test:8080" }),
  request("an error is readable", A, { query: "EIO=4&transport=x" }),
  {
    name: "a handshake",
    steps: [
      ["poll open", POLLING, { headers: A }],
      ["poll request", { method: "POST", body: "40", headers: A }],
      ["poll request", { headers: A }],
    ],
  },
  request("a preflight", { ...A, ...PREFLIGHT }, { method: "OPTIONS" }),
  request("a preflight of another origin", { ...C, ...PREFLIGHT }, { method: "OPTIONS" }),
  request(
    "a preflight that asks for headers",
    { ...A, ...PREFLIGHT, "access-control-request-headers": "x-a, x-b" },
    { method: "OPTIONS" },
  ),
  request("a preflight that asks for no method", A, { method: "OPTIONS" }),
  request("OPTIONS without an origin", {}, { method: "OPTIONS" }),
  {
    name: "a preflight with a sid",
    steps: [
      ["poll open"],
      ["poll request", { method: "OPTIONS", headers: { ...A, ...PREFLIGHT } }],
      ["poll join", "/"],
    ],
  },
  request(
    "a WebSocket is open to every origin",
    {
      ...{ ...C, connection: "Upgrade", upgrade: "websocket" },
      ...{ "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" },
    },
    { query: "EIO=4&transport=websocket" },
  ),
];

export default [
  { group: "CORS: no origin is allowed", settings: "default", cases },
  { group: "CORS: any origin", settings: "anyOrigin", cases },
  { group: "CORS: one origin", settings: "oneOrigin", cases },
  { group: "CORS: two origins", settings: "twoOrigins", cases },
];
