/** `fetch`. Its promise settles when the whole response has arrived. */

import { Headers, Request, Response } from "./bodies.js";
import { keepDataSoon } from "./data.js";
import { currentEvent } from "./event.js";
import { send } from "./http.js";
import { requested } from "./pending.js";

/** The statuses and the limit of the Fetch Standard. */
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 20;

export function fetch(input, init) {
  const event = currentEvent("fetch");
  keepDataSoon();
  return requested(event, follow(input, init));
}

async function follow(input, { redirect = "follow", ...init } = {}) {
  // With `cache`, whatwg-fetch would add a parameter to the URL to get around a browser's cache. There is none here.
  const asked = new Request(input, { ...init, cache: undefined });
  asked.signal?.throwIfAborted();
  const bytes = await asked.bytes();
  let request = {
    url: parsed(asked.url),
    method: asked.method,
    headers: new Headers(asked.headers),
    body: asked.bodyUsed ? bytes : undefined,
    signal: asked.signal,
  };
  for (let redirects = 0; ; redirects += 1) {
    const { body, ...head } = await send(request);
    const location = REDIRECTS.includes(head.status) ? new Headers(head.headers).get("location") : null;
    if (location === null || redirect === "manual") {
      const response = new Response(body, { ...head, url: request.url.href.replace(/#.*/, "") });
      response.redirected = redirects > 0;
      return response;
    }
    if (redirect === "error") throw new TypeError(`fetch to ${request.url.host} was redirected to ${location}`);
    if (redirects === MOST_REDIRECTS) throw new TypeError(`fetch to ${request.url.host} was redirected too often`);
    request = redirected(request, head.status, parsed(location, request.url));
  }
}

function parsed(text, base) {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (url === undefined) throw new TypeError(`fetch: \`${text}\` is not a URL; it must begin with http:// or https://`);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`fetch: \`${url.protocol}\` is neither http: nor https:`);
  if (url.username || url.password) throw new TypeError("fetch: a URL cannot have a password; use the header `authorization`");
  return url;
}

/** The request that follows a redirect, by the rules of the Fetch Standard. */
function redirected(request, status, url) {
  const next = { ...request, url, headers: new Headers(request.headers) };
  // Credentials for one server must not be sent to another.
  const secrets = url.origin === request.url.origin ? [] : ["authorization", "cookie", "proxy-authorization"];
  for (const name of secrets) next.headers.delete(name);
  const get = status === 303 ? !["GET", "HEAD"].includes(request.method) : status < 303 && request.method === "POST";
  if (!get) return next;
  for (const name of ["encoding", "language", "location", "type"]) next.headers.delete(`content-${name}`);
  return { ...next, method: "GET", body: undefined };
}
