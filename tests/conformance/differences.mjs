/**
 * Where the host differs from the reference server on purpose: what, what the reference server does, and what the host
 * does and why. The table in docs/differences.md is this one, word for word; a test holds them together.
 */

export const DIFFERENCES = {
  events_wait: [
    "Packets while `$connect` runs",
    "closes the session; a second CONNECT makes a second socket",
    "events and DISCONNECT wait until `$connect` has returned; a second CONNECT closes the session, as always",
  ],
  recovery_unseen: [
    "Connection state recovery of a client that has seen no event",
    "starts anew: clients send no offset then",
    "is recovered: it missed what came since its CONNECT",
  ],
  recovery_volatile: [
    "Volatile events with connection state recovery",
    "have no offset, and clients take a text at their end for one",
    "have that of the event before them, so that clients return with one that exists",
  ],
  crossing: [
    "Packets for a namespace that the socket has left, or that refused it",
    "closes the session",
    "ignores them: they may have crossed the server's own packet",
  ],
  untouched: [
    "Payloads",
    "parses and prints JSON, numbers attachments anew",
    "passes them through as text: numbers keep their digits, objects the order of their keys, attachments their numbers",
  ],
  malformed: [
    "Events without payload, acks without id, ids of whitespace or over 2⁵³ − 1, references to half an attachment",
    "lets them pass, some with a value that was not sent",
    "malformed packet: closes the session",
  ],
  base64: [
    "Malformed base64",
    "decodes what it can",
    "malformed packet: closes the session, as a binary message would not be what was sent",
  ],
  reasons: [
    "`$disconnect` reasons",
    "`transport error` for a message that is too large; `forced close` for a malformed packet and a second CONNECT",
    "`parse error`; `parse error` and `forced server close`: a handler can tell whose fault it was",
  ],
  payload_bound: [
    "A packet over the largest payload",
    "a body in long-polling is answered 413 and the session goes on; attachments count one by one",
    "the session is closed on both transports; a packet counts with its attachments",
  ],
  disconnect_order: [
    "`disconnect(true)` with several namespaces",
    "DISCONNECT packets in the order in which the namespaces were joined",
    "that of the handler's own socket first",
  ],
  lost_post: [
    "A POST whose session is closed or upgraded before its body has come",
    "drops the connection",
    "answers 400",
  ],
  second_websocket: [
    "A WebSocket for a session that began on one",
    "is probed and taken",
    "is closed: there is nothing to upgrade",
  ],
  refusals: [
    "A WebSocket handshake with `EIO=3`, or with `transport=polling`",
    "is accepted, then the WebSocket is closed",
    "is answered 400",
  ],
  other_upgrades: [
    "Requests to upgrade to something else, such as `h2c`",
    "are answered 400",
    "are served without the upgrade (RFC 9110, section 7.8)",
  ],
  websocket_8: ["WebSocket drafts before RFC 6455 (`Sec-WebSocket-Version: 8`)", "are accepted", "are refused"],
  many_headers: ["More than 100 header fields", "are accepted", "status 431: the bound on the memory of a request"],
  old_clients: [
    "JSONP (`j=…`) and base64 over WebSocket (`b64=1`), for browsers of before 2013",
    "are served",
    "are ignored: long-polling is plain text, binary messages are binary",
  ],
  compression: [
    "Compression of long-polling",
    "gzip and deflate from 1 KiB on",
    "none: a proxy in front can do it without knowing the application's secrets beside what clients send",
  ],
  client_files: [
    "The client library at `/socket.io/socket.io.js`",
    "is served",
    "is served with `--client node_modules/socket.io-client`, and else answered 404: the host contains no client",
  ],
};
