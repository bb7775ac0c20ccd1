/**
 * The whiteboard's page. Its handler is `../whiteboard.js`.
 *
 * For tests: `#status` has `data-state` connecting, loading, ready or offline; `#board` has `data-unsaved`, the number of pieces that
 * the handler has not acknowledged; `#colors`, `#width`, `#clear`.
 */

/** Pieces of a stroke are sent this often (ms). */
const EVERY = 50;
/** Points of one piece; the handler takes 500. */
const MOST_POINTS = 400;

const $ = (id) => document.getElementById(id);
const board = $("board");
const pen = board.getContext("2d");
pen.lineCap = pen.lineJoin = "round";

const { io } = await import("./node_modules/socket.io-client/dist/socket.io.esm.min.js").catch((error) => {
  $("missing").hidden = false;
  throw error;
});
const socket = io("/whiteboard");

// --- The board -------------------------------------------------------------------------------------------------------

/** Pieces that may not be kept yet. */
const unsaved = new Set();
/** Counts the loads: one that was overtaken by another ends. */
let loads = 0;

function draw({ color, width, points }) {
  pen.fillStyle = pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.beginPath();
  // A line to the point where it begins would not show.
  if (points.length === 1) return dot(points[0], width / 2);
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
}

function dot([x, y], radius) {
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

/** Draws what is kept, page by page, and what is not kept yet. */
async function load() {
  const load = ++loads;
  show("loading", "Loading…");
  pen.clearRect(0, 0, board.width, board.height);
  for (let after = null; ; ) {
    // Without an answer the connection was lost; with the next one it is loaded again.
    const page = await socket.emitWithAck("board", after).catch(() => {});
    if (page === undefined || load !== loads) return;
    page.pieces.forEach(draw);
    if (page.next === null) break;
    after = page.next;
  }
  unsaved.forEach(draw);
  show("ready", "Connected");
}

// --- The socket ------------------------------------------------------------------------------------------------------

socket.on("connect", load);
socket.on("drawn", draw);
socket.on("cleared", load);
socket.on("disconnect", () => {
  loads += 1;
  show("offline", "Disconnected, trying again…");
});
socket.on("connect_error", ({ message }) => show("offline", `No connection: ${message}`));

async function keep(piece) {
  unsaved.add(piece);
  showUnsaved();
  // Without a connection it is sent when there is one again.
  await socket.emitWithAck("draw", piece).catch(() => {});
  unsaved.delete(piece);
  showUnsaved();
}

// --- The pointer -----------------------------------------------------------------------------------------------------

/** The stroke that is being drawn: its pen, the points that were not sent yet, and the timer that sends them. */
let stroke;

function pointOf(event) {
  const { left, top, width, height } = board.getBoundingClientRect();
  const within = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
  return [
    within(((event.clientX - left) / width) * board.width, board.width),
    within(((event.clientY - top) / height) * board.height, board.height),
  ];
}

function send() {
  const { color, width, points, sent } = stroke;
  if (sent && points.length === 1) return;
  const piece = { color, width, points };
  // The next piece begins where this one ends.
  Object.assign(stroke, { points: [points.at(-1)], sent: true });
  keep(piece);
}

board.addEventListener("pointerdown", (event) => {
  if (stroke !== undefined || event.button !== 0) return;
  board.setPointerCapture(event.pointerId);
  const color = document.querySelector("#colors :checked").value;
  stroke = { color, width: Number($("width").value), points: [pointOf(event)], sent: false, timer: setInterval(send, EVERY) };
  draw(stroke);
});

board.addEventListener("pointermove", (event) => {
  if (stroke === undefined) return;
  const point = pointOf(event);
  draw({ ...stroke, points: [stroke.points.at(-1), point] });
  stroke.points.push(point);
  if (stroke.points.length === MOST_POINTS) send();
});

for (const end of ["pointerup", "pointercancel"]) {
  board.addEventListener(end, () => {
    if (stroke === undefined) return;
    send();
    clearInterval(stroke.timer);
    stroke = undefined;
  });
}

$("clear").addEventListener("click", () => socket.emit("clear"));

// --- What the user sees ----------------------------------------------------------------------------------------------

function show(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

function showUnsaved() {
  board.dataset.unsaved = unsaved.size;
}
showUnsaved();
