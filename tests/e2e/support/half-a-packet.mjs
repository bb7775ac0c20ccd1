/** A client to be killed: joins /probe over a bare TCP connection and sends the first half of a WebSocket frame. */

import net from "node:net";

const socket = net.connect(Number(process.argv[2]), "127.0.0.1");
socket.write(
  "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
);

/** A masked text frame; the mask is zero, so the text is sent as it is. */
const frame = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

let received = "";
socket.on("data", (data) => {
  const before = received;
  received += data.toString("latin1");
  if (!before.includes("0{") && received.includes("0{")) socket.write(frame("40/probe,"));
  if (!before.includes("40/probe,{") && received.includes("40/probe,{")) {
    const packet = frame(`42/probe,["echo","${"x".repeat(90)}"]`);
    socket.write(packet.subarray(0, packet.length / 2), () => process.stdout.write("sent\n"));
  }
});
