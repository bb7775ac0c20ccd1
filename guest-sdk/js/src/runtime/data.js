/**
 * `socket.data`: an object whose changes are saved.
 *
 * It is read from the host at the first access. If it has changed, it is written back before the handler waits and when
 * it returns.
 */

import * as socket from "realtime:gateway/socket@0.1.1";

import { kind } from "./check.js";
import { carryOut } from "./commands.js";
import { cached, currentEvent } from "./event.js";
import { after, fulfilled } from "./promises.js";

const NAME = "socket.data";

function stored() {
  return cached(NAME, () => {
    const text = socket.data();
    return { text, value: JSON.parse(text) };
  });
}

export function getData() {
  // What still runs then comes after the last time that it is written.
  if (currentEvent(NAME).over) keepDataSoon();
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
  const data = currentEvent(NAME).cache?.get(NAME);
  if (data === undefined) return;
  const text = JSON.stringify(data.value);
  if (text === data.text) return;
  carryOut(NAME, () => socket.setData(text));
  data.text = text;
}

/**
 * Writes it back as soon as the handler that called this waits, such as for a timer. An error is not thrown here: when
 * the handler returns, the object is written once more.
 */
export function keepDataSoon() {
  after(fulfilled(), keepDataQuietly);
}

export function keepDataQuietly() {
  try {
    keepData();
  } catch {}
}
