/** Every group, in the order of the protocol documents: Engine.IO, then Socket.IO. */

import connect from "./connect.mjs";
import cors from "./cors.mjs";
import events from "./events.mjs";
import handshake from "./handshake.mjs";
import heartbeat from "./heartbeat.mjs";
import limits from "./limits.mjs";
import malformed from "./malformed.mjs";
import polling from "./polling.mjs";
import recovery from "./recovery.mjs";
import timeouts from "./timeouts.mjs";
import upgrade from "./upgrade.mjs";
import websocket from "./websocket.mjs";

export const ENGINE_IO = [handshake, ...cors, polling, limits, upgrade, websocket, heartbeat, timeouts];
export const SOCKET_IO = [connect, events, malformed, recovery];
export const ALL = [...ENGINE_IO, ...SOCKET_IO];
