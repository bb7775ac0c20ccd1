/** The host's limits in the soak: small, so that clients reach every one of them in a short time. */

export const PAYLOAD = 100_000;
export const HANDLER_MS = 1_000;
export const CONNECT_MS = 8_000;
export const PING = { interval: 5_000, timeout: 20_000 };

/** Flags of `host run`. */
export const LIMITS = Object.entries({
  "--max-payload": PAYLOAD,
  "--max-unsent": "256KiB",
  "--max-unhandled": "256KiB",
  "--ping-interval": `${PING.interval}ms`,
  "--ping-timeout": `${PING.timeout}ms`,
  "--connect-timeout": `${CONNECT_MS}ms`,
  "--upgrade-timeout": "3s",
  "--handler-time": `${HANDLER_MS}ms`,
  "--handler-memory": "32MiB",
  "--handlers-memory": "512MiB",
}).flatMap(([flag, value]) => [flag, String(value)]);
