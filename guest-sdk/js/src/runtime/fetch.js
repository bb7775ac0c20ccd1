/** `fetch`, which has no network to reach. */

export async function fetch() {
  throw new Error("fetch: a handler has no network; this host cannot grant it yet (`host run --allow-net HOST` will)");
}
