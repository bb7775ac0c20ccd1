/**
 * A part of the soak's clients: so many live at once, and when one has died the next begins. Counts go to the parent.
 *
 * node worker.mjs PORT CLIENTS SECONDS SEED
 */

import { setMaxListeners } from "node:events";

import { sleep } from "../e2e/support/wait.mjs";
import { KINDS } from "./deaths.mjs";
import { Life } from "./life.mjs";

const [port, clients, seconds, seed] = process.argv.slice(2).map(Number);
const end = Date.now() + seconds * 1000;
const host = { port, url: `http://127.0.0.1:${port}` };
const counts = { died: {}, late: {}, failed: {}, talked: {} };
/** What a life ends with where this machine is too slow for it: a bound of the helpers, or the host's own patience. */
const LATE = new RegExp(
  "^not within|^socket has been disconnected|^timeout$|xhr (poll|post) error|Session ID unknown" +
    "|'transport (close|error)'|'ping timeout'",
);

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = generator(seed);
/** All kinds as often as their weight says, mixed. */
const deck = KINDS.flatMap((kind) => Array(kind.weight).fill(kind))
  .map((kind) => [random(), kind])
  .sort(([a], [b]) => a - b)
  .map(([, kind]) => kind);
let dealt = 0;

/** One place: a client after the other. */
async function place() {
  while (Date.now() < end) {
    const kind = deck[dealt++ % deck.length];
    const life = new Life(host, { random, end, talked: counts.talked });
    try {
      await kind.live(life);
      counts.died[kind.name] = (counts.died[kind.name] ?? 0) + (kind.clients ?? 1);
    } catch (error) {
      const [group, key] = LATE.test(error.message)
        ? ["late", kind.name]
        : ["failed", `${kind.name}: ${error.message.slice(0, 200)}`];
      counts[group][key] = (counts[group][key] ?? 0) + 1;
    } finally {
      life.over();
    }
  }
}

setMaxListeners(0);
// Not all at once: a wave of connections is a test of its own.
const wave = Math.min(20_000, seconds * 300);
await Promise.all(Array.from({ length: clients }, (_, number) => sleep((number / clients) * wave).then(place)));
process.send(counts, () => process.exit(0));
