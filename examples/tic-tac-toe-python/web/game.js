/**
 * The page of tic-tac-toe: a plain Socket.IO client of the namespace `/tic-tac-toe`, whose handler is `../tic_tac_toe.py`.
 *
 * The address names the game: `#CODE`. `?name=Ada` enters at once. Who plays is known by a secret, which stays in the
 * window (sessionStorage): a reload keeps the seat, and two windows can be two players.
 *
 * Elements a browser test can hold on to:
 *
 *   #entry    the first screen: #name, #enter; #missing says that the client is not installed
 *   #game     the game, hidden until a name is given
 *   #status   data-state: connecting, connected, reconnecting, refused
 *   #players  li[data-mark]: .name, data-turn, data-here, data-me
 *   #board    nine buttons, data-mark: X, O or nothing; data-wins
 *   #says     what is the matter;  #error  why a move was refused;  #again  the next game;  #link  the address
 */

const $ = (id) => document.getElementById(id);
const params = new URLSearchParams(location.search);

const { io } = await import("./node_modules/socket.io-client/dist/socket.io.esm.min.js").catch((error) => {
  $("missing").hidden = false;
  throw error;
});

// --- State -----------------------------------------------------------------------------------------------------------

/** 16 random bytes as text. */
const secret = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

let name = params.get("name") ?? sessionStorage.getItem("name") ?? "";
let mark = null; // X, O, or null for who watches
let game = null; // as the handler shows it
const token = sessionStorage.getItem("token") ?? secret();
sessionStorage.setItem("token", token);

const socket = io("/tic-tac-toe", { autoConnect: false, auth: (send) => send({ game: code(), token, name }) });

function code() {
  return location.hash.slice(1);
}

// --- The socket ------------------------------------------------------------------------------------------------------

socket.on("game", (shown) => {
  game = shown;
  $("error").textContent = "";
  render();
});

socket.on("connect", async () => {
  renderStatus("connected", "Connected");
  ({ mark } = await socket.emitWithAck("look"));
  render();
});

socket.on("disconnect", (reason) => {
  renderStatus("reconnecting", `Connection lost (${reason}), trying again…`);
  render();
});

socket.on("connect_error", ({ message }) => {
  // Not active: the handler refused us, and trying again is not the client's decision.
  if (socket.active) renderStatus("reconnecting", "No connection, trying again…");
  else renderStatus("refused", `Refused: ${message}`);
});

/** Asks for something that may be against the rules. */
async function ask(...event) {
  const { error = "" } = await socket.timeout(10_000).emitWithAck(...event).catch(() => ({ error: "The server did not answer." }));
  $("error").textContent = error;
}

// --- What the player does --------------------------------------------------------------------------------------------

function enter(newName) {
  name = newName;
  sessionStorage.setItem("name", name);
  if (!code()) history.replaceState(null, "", `#${secret().slice(0, 8)}`);
  $("link").textContent = `${location.origin}${location.pathname}#${code()}`;
  $("entry").hidden = true;
  $("game").hidden = false;
  renderStatus("connecting", "Connecting…");
  socket.connect();
}

$("board").append(
  ...Array.from({ length: 9 }, (_, cell) => {
    const button = document.createElement("button");
    button.addEventListener("click", () => ask("move", cell));
    return button;
  }),
);

$("again").addEventListener("click", () => ask("again"));

$("entry-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = $("name").value.trim();
  if (typed) enter(typed);
});

// Another game's address in the same window.
window.addEventListener("hashchange", () => location.reload());

// The clipboard is there on https and localhost only; elsewhere one click selects the whole address (style.css).
$("copy").hidden = !navigator.clipboard;
$("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText($("link").textContent);
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
});

// --- What the player sees; names are only ever set as text -----------------------------------------------------------

function render() {
  if (!game) return;
  const { cells, turn, line, players, round } = game;
  const names = { X: players.X?.name, O: players.O?.name };
  const isFull = Boolean(players.X && players.O);
  const isMine = socket.connected && isFull && turn !== null && turn === mark;

  $("round").textContent = `Game ${round}`;
  for (const item of $("players").children) {
    const { mark: seat } = item.dataset;
    const player = players[seat];
    item.dataset.turn = isFull && turn === seat;
    item.dataset.here = Boolean(player?.here);
    item.dataset.me = seat === mark;
    item.querySelector(".name").textContent = player?.name ?? "Free seat";
    item.querySelector("small").textContent = !player ? "waiting" : seat === mark ? "you" : player.here ? "here" : "away";
  }
  for (const [cell, button] of [...$("board").children].entries()) {
    draw(button, cells[cell]);
    button.dataset.wins = Boolean(line?.includes(cell));
    button.ariaLabel = `Row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}: ${cells[cell] ?? "empty"}`;
  }
  $("board").dataset.mine = isMine ? mark : "";
  $("says").textContent = says({ cells, turn, line, names, isFull });
  $("again").hidden = turn !== null || mark === null;
  $("invite").hidden = isFull;
}

function says({ cells, turn, line, names, isFull }) {
  if (!isFull) return "Waiting for a second player…";
  if (line) return mark === cells[line[0]] ? "You have won!" : `${names[cells[line[0]]]} has won.`;
  if (turn === null) return "Nobody has won.";
  return turn === mark ? "It is your turn." : `It is ${names[turn]}'s turn.`;
}

/** Draws a mark, once, so that only a new one moves. */
function draw(button, shown) {
  if ((button.dataset.mark ?? "") === (shown ?? "")) return;
  button.dataset.mark = shown ?? "";
  const SVG = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${shown}`);
  picture.append(use);
  button.replaceChildren(...(shown ? [picture] : []));
}

function renderStatus(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

if (code()) {
  $("entry-text").textContent = "You are invited to a game. Who comes second plays; all others watch.";
  $("enter").textContent = "Join the game";
}
$("name").value = name;
$("enter").disabled = false;
if (name && (params.has("name") || code())) enter(name);
