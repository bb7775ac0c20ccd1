/**
 * `socket.data`: an object whose changes are kept.
 *
 * It is read when a handler first looks at it, and written back before the handler waits for somebody else and when it
 * returns, if it has changed.
 */

import * as socket from "realtime:gateway/socket@0.1.0";

import { kind } from "./check.js";
import { read } from "./commands.js";
import { cached, event } from "./event.js";

const NAME = "socket.data";

function stored() {
  return cached(NAME, () => {
    const text = socket.data();
    return { text, value: JSON.parse(text) };
  });
}

export function getData() {
  return stored().value;
}

export function setData(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${NAME} is an object, it cannot be ${kind(value)}`);
  }
  stored().value = value;
}

/** Writes the object back if it has changed. */
export function keepData() {
  const data = event(NAME).cache?.get(NAME);
  if (data === undefined) return;
  const text = JSON.stringify(data.value);
  if (text === data.text) return;
  read(NAME, () => socket.setData(text));
  data.text = text;
}

/** The same when a handler that sets a timer has come to its wait. What cannot be kept now is an error when it returns. */
export async function keepDataSoon() {
  await undefined;
  try {
    keepData();
  } catch {}
}
