/**
 * The chat page: a plain Socket.IO client of the `/chat` namespace, whose handler is `../src/lib.rs`.
 *
 * Address parameters, for tests and demos: `?name=Ada` enters at once, `&transports=polling` or `websocket` pins the
 * transport (without it the connection starts with polling and upgrades).
 *
 * Elements a browser test can hold on to:
 *
 *   #entry        the first screen: #name, #enter; #missing says that the client is not installed
 *   #chat         the chat, hidden until a name is given
 *   #status       data-state: connecting, connected, reconnecting, disconnected; data-transport: polling, websocket
 *   #reconnect    shown when the client has given up;  #leave  disconnects and goes back to #entry
 *   #my-name #my-id #copy-id
 *   #rooms        button[data-room], data-joined, aria-current on the one written to;  #room-form: #room
 *   #people       button[data-id] likewise;  #private-form: #private-id
 *   #log          li.system, li.message.own, li.message.other, both perhaps .private; inside .from, .to, .text, time
 *   #typing       hidden when nobody is
 *   #composer     #target (whom it writes to), #text, #send
 */

const LOBBY = "lobby";
const NAME_KEY = "chat-name"; // in sessionStorage, so that two windows can be two people
const TYPING_EVERY = 2000; // ms between two `typing` events we send
const TYPING_LASTS = 3500; // ms that one `typing` event we get is believed
const LOG_LENGTH = 500; // lines kept on the page

const $ = (id) => document.getElementById(id);
const params = new URLSearchParams(location.search);

const { io } = await import("./node_modules/socket.io-client/dist/socket.io.esm.min.js").catch((error) => {
  $("missing").hidden = false;
  throw error;
});

// --- State -----------------------------------------------------------------------------------------------------------

let name = "";
let target = { room: LOBBY }; // or `{ id }`: whom the composer writes to
const rooms = new Set([LOBBY]); // in the order of joining; what the handler does, we do here
const people = new Set(); // socket ids we write to; no event lists them, so they are pasted
const typists = new Map(); // name → the timer that forgets it
const sentPrivately = []; // private messages whose copy has not come back yet
let typingSentAt = 0;

// --- The socket ------------------------------------------------------------------------------------------------------

const socket = io("/chat", {
  autoConnect: false,
  auth: (send) => send({ username: name }),
  ...(params.has("transports") && { transports: params.get("transports").split(",") }),
});

socket.on("welcome", ({ message }) => showSystem(message));

socket.on("userJoined", ({ username }) => showSystem(`${username} joined`));

socket.on("userLeft", ({ username, reason }) => {
  forgetTypist(username);
  showSystem(`${username} left (${reason})`);
});

socket.on("message", ({ from, text, timestamp }) => {
  forgetTypist(from);
  showMessage({ from, text, at: timestamp, style: "other" });
});

socket.on("privateMessage", ({ from, text }) => {
  // The handler sends each private message to both sides, without ids: one that equals what we sent is our own.
  const sent = sentPrivately.findIndex((message) => message.from === from && message.text === text);
  const [own] = sent < 0 ? [] : sentPrivately.splice(sent, 1);
  showMessage({ from, text, style: own ? "own private" : "other private", to: `privately to ${own?.id ?? "you"}` });
});

socket.on("typing", ({ username }) => {
  forgetTypist(username);
  typists.set(username, setTimeout(forgetTypist, TYPING_LASTS, username));
  renderTyping();
});

socket.on("connect", () => {
  // To the server every connection is a new socket, which is in the lobby alone: join again what we had joined.
  const joined = [...rooms];
  rooms.clear();
  rooms.add(LOBBY);
  joined.forEach(joinRoom);
  $("my-id").textContent = socket.id;
  renderTargets();
  renderConnected();
});

socket.on("disconnect", (reason) => {
  sentPrivately.length = 0;
  [...typists.keys()].forEach(forgetTypist);
  $("my-id").textContent = "–";
  showSystem(`Disconnected (${reason})`);
  renderStatus(socket.active ? "reconnecting" : "disconnected", `Disconnected: ${reason}`);
});

socket.on("connect_error", ({ message }) => {
  // Not active: the handler refused us, and trying again is not the client's decision.
  if (socket.active) renderStatus("reconnecting", "No connection, trying again…");
  else renderStatus("disconnected", `Refused: ${message}`);
});

socket.io.on("reconnect_attempt", (attempt) => renderStatus("reconnecting", `Reconnecting, attempt ${attempt}…`));
socket.io.on("open", () => socket.io.engine.on("upgrade", renderConnected));

// --- What the user does ----------------------------------------------------------------------------------------------

function enter(newName) {
  name = newName;
  sessionStorage.setItem(NAME_KEY, name);
  $("my-name").textContent = name;
  paintAvatar($("my-avatar"), name);
  $("entry").hidden = true;
  $("chat").hidden = false;
  writeTo({ room: LOBBY });
  connect();
}

function connect() {
  renderStatus("connecting", "Connecting…");
  socket.connect();
}

function leave() {
  socket.disconnect();
  sessionStorage.removeItem(NAME_KEY);
  rooms.clear();
  rooms.add(LOBBY);
  $("log").replaceChildren();
  $("chat").hidden = true;
  $("entry").hidden = false;
  $("name").value = name;
  $("name").select();
}

/** Joining leaves the lobby and no other room: that is what the handler does with `joinRoom`. */
function joinRoom(room) {
  if (rooms.has(room)) return;
  const leftLobby = rooms.delete(LOBBY);
  rooms.add(room);
  socket.emit("joinRoom", { room });
  showSystem(`You joined #${room}${leftLobby ? ` and left #${LOBBY}` : ""}`);
}

/** Makes a room or a socket id the one that the composer writes to. */
function writeTo(newTarget) {
  target = newTarget;
  renderTargets();
  showPanel(false);
  $("text").focus();
}

function say(text) {
  typingSentAt = 0;
  if (target.id) {
    sentPrivately.push({ from: name, text, id: target.id });
    socket.emit("privateMessage", { targetSocketId: target.id, text });
  } else {
    // The sender is excluded from the broadcast, so the page shows the message itself.
    socket.emit("message", { room: target.room, text });
    showMessage({ from: name, text, style: "own", to: `#${target.room}` });
  }
  $("scroller").scrollTop = 0; // the newest: the list is laid out from its end
}

function sayTyping() {
  if (target.id || Date.now() - typingSentAt < TYPING_EVERY) return;
  typingSentAt = Date.now();
  socket.volatile.emit("typing", { room: target.room });
}

// --- What the user sees; whatever came from the network is only ever set as text -------------------------------------

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function showSystem(text) {
  show(element("li", "system", text));
}

function showMessage({ from, text, at = Date.now(), style, to }) {
  const line = element("li", `message ${style}`);
  line.dataset.thread = JSON.stringify([style, from, to]);
  if ($("log").lastElementChild?.dataset.thread === line.dataset.thread) line.classList.add("follows");

  const avatar = element("span", "avatar");
  avatar.ariaHidden = "true";
  paintAvatar(avatar, from);

  const about = element("p", "about");
  about.append(element("b", "from", from));
  if (to) about.append(element("span", "to", to));

  const sent = new Date(at);
  const time = element("time", "", sent.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = sent.toISOString();
  time.title = sent.toLocaleString();

  line.append(avatar, about, element("p", "text", text), time);
  show(line);
}

function show(line) {
  $("log").append(line);
  if ($("log").childElementCount > LOG_LENGTH) $("log").firstElementChild.remove();
}

/** A person's first letter, on a colour that depends on the name. */
function paintAvatar(node, person) {
  const hash = [...person].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  node.textContent = [...person][0]?.toUpperCase() ?? "?";
  node.style.setProperty("--hue", hash);
}

function renderTargets() {
  const button = (data, text, joined = true) => {
    const node = element("button", "", text);
    Object.assign(node.dataset, data, { joined });
    node.ariaCurrent = String(data.room === target.room && data.id === target.id);
    const item = element("li");
    item.append(node);
    return item;
  };
  $("rooms").replaceChildren(...[...new Set([LOBBY, ...rooms])].map((room) => button({ room }, room, rooms.has(room))));
  $("people").replaceChildren(...[...people].map((id) => button({ id }, id)));
  $("rooms-hint").hidden = rooms.size < 2;
  $("target").textContent = target.id ? `Privately to ${target.id}` : `To #${target.room}`;
  $("composer").classList.toggle("private", Boolean(target.id));
}

function renderTyping() {
  const names = [...typists.keys()];
  $("typing").hidden = names.length === 0;
  $("typing-text").textContent =
    names.length > 2 ? `${names.length} people are typing` : `${names.join(" and ")} ${names[1] ? "are" : "is"} typing`;
}

function forgetTypist(username) {
  clearTimeout(typists.get(username));
  typists.delete(username);
  renderTyping();
}

function renderConnected() {
  if (!socket.connected) return;
  const transport = socket.io.engine.transport.name;
  renderStatus("connected", `Connected · ${transport}`, transport);
}

function renderStatus(state, text, transport = "") {
  Object.assign($("status").dataset, { state, transport });
  $("status").textContent = text;
  $("reconnect").hidden = state !== "disconnected";
  $("send").disabled = $("copy-id").disabled = state !== "connected";
}

/** On a narrow screen the rooms are a panel that opens and closes; on a wide one they are always there. */
function showPanel(open) {
  $("toggle").ariaExpanded = String(open);
  $("panel").classList.toggle("open", open);
}

// --- Forms and buttons -----------------------------------------------------------------------------------------------

/** Calls `use` with what was typed into the form's field, unless that is blank, and empties the field. */
function onSubmit(form, field, use) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const value = $(field).value.trim();
    if (!value || (form !== "entry-form" && !socket.connected)) return;
    $(field).value = "";
    use(value);
  });
}

onSubmit("entry-form", "name", enter);

onSubmit("room-form", "room", (room) => {
  joinRoom(room);
  writeTo({ room });
});

onSubmit("private-form", "private-id", (id) => {
  people.add(id);
  writeTo({ id });
});

onSubmit("composer", "text", say);

$("rooms").addEventListener("click", ({ target: { dataset } }) => {
  if (!dataset.room || !socket.connected) return;
  joinRoom(dataset.room); // the lobby, when we have left it
  writeTo({ room: dataset.room });
});

$("people").addEventListener("click", ({ target: { dataset } }) => {
  if (dataset.id) writeTo({ id: dataset.id });
});

$("text").addEventListener("input", sayTyping);
$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});

$("reconnect").addEventListener("click", connect);
$("leave").addEventListener("click", leave);
$("toggle").addEventListener("click", () => showPanel($("toggle").ariaExpanded !== "true"));

// The clipboard is there on https and localhost only; elsewhere one click selects the whole id (style.css).
$("copy-id").hidden = !navigator.clipboard;
$("copy-id").addEventListener("click", async () => {
  await navigator.clipboard.writeText(socket.id);
  $("copy-id").textContent = "Copied";
  setTimeout(() => ($("copy-id").textContent = "Copy id"), 1500);
});

const knownName = params.get("name") ?? sessionStorage.getItem(NAME_KEY);
$("enter").disabled = false;
if (knownName) enter(knownName);
