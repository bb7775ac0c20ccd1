/** Handlers that send requests. */

const ns = new RealtimeNamespace("/fetch");

ns.socket.on("get", async (url, init) => {
  try {
    const response = await fetch(url, init);
    const { status, ok, redirected } = response;
    return { status, ok, redirected, url: response.url, type: response.headers.get("content-type"), text: await response.text() };
  } catch ({ name, message }) {
    return { name, message };
  }
});
ns.socket.on("bytes", async (url, body) => {
  const first = await (await fetch(url, { method: "POST", body })).arrayBuffer();
  const response = await fetch(url, { method: "POST", body: first });
  const second = new Uint8Array(await response.arrayBuffer());
  return [first, second, second.buffer.byteLength === body.length];
});
ns.socket.on("request", async (url) => {
  const headers = new Headers([["content-type", "application/json"]]);
  const response = await fetch(new Request(url, { method: "POST", headers, body: JSON.stringify({ a: [1, "ü"] }) }));
  const form = await fetch(new URL(url), { method: "POST", body: new URLSearchParams({ x: 1, y: "a b" }) });
  return [await response.json(), response.headers.get("Content-Type"), await form.text()];
});

const size = async (response) => (await response.arrayBuffer()).byteLength;
const upload = (url, length) => fetch(url, { method: "POST", body: new Uint8Array(length).fill(1) });
ns.socket.on("size", async (url) => size(await fetch(url)));
ns.socket.on("too large", async (url) => size(await fetch(url)));
ns.socket.on("upload", async (url, length) => size(await upload(url, length)));
ns.socket.on("status of upload", async (url, length) => (await upload(url, length)).status);

const text = async (url) => (await fetch(url)).text();
ns.socket.on("many", (url, count) => Promise.all(Array.from({ length: count }, () => text(url))));
ns.socket.on("with a timer", async (url) => {
  const order = [];
  setTimeout(() => order.push("timer"), 20);
  order.push(await text(url));
  return order;
});
ns.socket.on("abort", async (url) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  const signals = [controller.signal, AbortSignal.timeout(40)];
  return Promise.all(signals.map((signal) => fetch(url, { signal }).catch((error) => error.name)));
});

module.exports = ns;
