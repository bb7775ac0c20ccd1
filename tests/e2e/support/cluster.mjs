/** The Redis of a test file whose hosts are clusters. */

import { randomUUID } from "node:crypto";
import { after } from "node:test";

import { startRedis } from "./redis.mjs";

const ends = [];
after(async () => {
  for (const end of ends) await end();
});
let redis;

/** Flags for the nodes of a cluster that no other has joined. */
export async function clusterFlags(format) {
  redis ??= startRedis({ after: (end) => ends.push(end) });
  return ["--cluster", (await redis).url, "--cluster-format", format, "--cluster-prefix", `test-${randomUUID()}`];
}
