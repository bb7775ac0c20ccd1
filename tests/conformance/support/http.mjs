/** HTTP requests as they are, one connection each. */

import { request } from "node:http";

import { within } from "../../e2e/support/wait.mjs";

/** Headers that say something to a client. */
const RELEVANT = /^(content-type|content-encoding|cache-control|access-control-.*|vary|allow|sec-websocket-.*)$/;

/**
 * Makes a request. With `onContinue` the body is not sent: that is called with the request once the server asks for it.
 * Returns a promise of `{status, headers, body}`, or of `{error}` where the connection ends without an answer; `abort()`
 * on that promise ends the connection.
 */
export function ask(
  port,
  { method = "GET", query = "", path = `/socket.io/?${query}`, headers = {}, body = "" },
  onContinue,
) {
  let sent;
  const answer = new Promise((done) => {
    const bodiless = method === "GET" || headers["transfer-encoding"];
    const length = bodiless ? {} : { "content-length": Buffer.byteLength(body) };
    const options = { port, host: "127.0.0.1", method, path, agent: false, headers: { ...length, ...headers } };
    sent = request(options);
    sent.on("response", async (response) => {
      const parts = [];
      response.on("data", (data) => parts.push(data));
      const body = () => (response.headers["content-encoding"] ? "(encoded)" : Buffer.concat(parts).toString());
      response.on("end", () => done(read(response, body())));
      response.on("error", () => done({ error: "connection lost" }));
    });
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      done(read(response, ""));
    });
    sent.on("error", () => done({ error: "connection lost" }));
    if (!onContinue) return sent.end(body);
    sent.flushHeaders();
    sent.once("continue", () => onContinue(sent));
  });
  const bounded = within(answer, `an answer to ${method} ${path}`, 10_000);
  return Object.assign(bounded, { abort: () => sent.destroy() });
}

function read(response, body) {
  const headers = Object.entries(response.headers).filter(([name]) => RELEVANT.test(name));
  return {
    status: response.statusCode,
    headers: headers.map(([name, value]) => `${name}: ${normal(name, value)}`).sort(),
    body,
  };
}

/** Lists whose order means nothing. */
function normal(name, value) {
  return name === "vary" ? value.toLowerCase().split(/, */).sort().join(", ") : value;
}
