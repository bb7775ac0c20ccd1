/**
 * Clients to be killed: each joins /probe over a bare TCP connection and sends the first half of a WebSocket frame.
 *
 * node half-a-packet.mjs PORT [COUNT] [AUTH]: prints `sent` once all have.
 */

import net from "node:net";

const [port, count = "1", auth = ""] = process.argv.slice(2);

/** A masked text frame; the mask is zero, so the text is sent as it is. */
const frame = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

function client() {
  const socket = net.connect(Number(port), "127.0.0.1");
  socket.write(
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  let received = "";
  return new Promise((sent) => {
    socket.on("data", (data) => {
      const before = received;
      received += data.toString("latin1");
      if (!before.includes("0{") && received.includes("0{")) socket.write(frame(`40/probe,${auth}`));
      if (!before.includes("40/probe,{") && received.includes("40/probe,{")) {
        const packet = frame(`42/probe,["echo","${"x".repeat(90)}"]`);
        socket.write(packet.subarray(0, packet.length / 2), sent);
      }
    });
  });
}

await Promise.all(Array.from({ length: Number(count) }, client));
process.stdout.write("sent\n");
