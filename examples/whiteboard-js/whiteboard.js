/**
 * A whiteboard: what one draws, all others see at once, and whoever comes later, too.
 *
 * A stroke is drawn in pieces, so that it shows while the pointer still moves. Each piece is an entry of the key-value
 * store, whose key has its number: a listing gives the pieces in the order in which they were drawn.
 */

const ns = new RealtimeNamespace("/whiteboard");

/** Pieces that are kept. Beyond that, the oldest go. */
const MOST_PIECES = 20_000;
/** Pieces of one page, which has to fit into a packet. */
const PAGE = 100;
const MOST_POINTS = 500;
const THICKEST = 60;
/** The board's width and height are not larger. */
const FARTHEST = 10_000;

const keyOf = (number) => `piece:${String(number).padStart(12, "0")}`;

/** A piece as it is kept, of what a client sent. */
function checked({ color, width, points }) {
  if (!/^#[0-9a-f]{6}$/.test(color)) throw new Error("not a colour");
  if (!(width > 0 && width <= THICKEST)) throw new Error("not a width");
  const isPoint = (point) => point.length === 2 && point.every((at) => at >= 0 && at <= FARTHEST);
  if (!(points.length > 0 && points.length <= MOST_POINTS && points.every(isPoint))) throw new Error("not points");
  return { color, width, points: points.map((point) => point.map(Math.round)) };
}

/** The ack says that the piece is kept: it is also there after a restart of the host. */
ns.socket.on("draw", async (piece) => {
  const drawn = checked(piece);
  const number = await kv.increment("drawn");
  await kv.set(keyOf(number), drawn);
  ns.socket.broadcast.emit("drawn", drawn);
  if (number > MOST_PIECES) await kv.delete(keyOf(number - MOST_PIECES));
  return number;
});

/** The ack: a page of what is kept, and where the next one begins. */
ns.socket.on("board", async (after) => {
  const pieces = [];
  let last = null;
  for await (const [key, piece] of kv.list("piece:", { after, limit: PAGE })) {
    pieces.push(piece);
    last = key;
  }
  return { pieces, next: pieces.length === PAGE ? last : null };
});

ns.socket.on("clear", async () => {
  await kv.clear("piece:");
  ns.emit("cleared");
});

module.exports = ns;
