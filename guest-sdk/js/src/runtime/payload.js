/** Arguments as the contract has them: the text of a JSON array, and attachments in place of binary values. */

/** Values to a payload. Binary values, at any depth, become attachments. */
export function encode(values) {
  // A function that is called for every value makes the engine take several times as long.
  if (isPlain(values, 0)) return { json: JSON.stringify(values), attachments: [] };
  const attachments = [];
  // A function, for `this`: `Buffer` has turned itself into something else by the time that `value` is given.
  const json = JSON.stringify(values, function (key, value) {
    const bytes = bytesOf(this[key]) ?? bytesOf(value);
    if (bytes === undefined) return value;
    attachments.push(bytes);
    return { _placeholder: true, num: attachments.length - 1 };
  });
  return { json, attachments };
}

/** A payload to values. Attachments become `Uint8Array`s. */
export function decode({ json, attachments }) {
  const values = JSON.parse(json);
  return attachments.length === 0 ? values : filled(values, attachments);
}

/** The depth to which values are looked through: what is deeper may have no end. */
const PLAIN_DEPTH = 32;

/** Whether there certainly is no binary value in a value, at any depth, and none that it turns into. */
function isPlain(value, depth) {
  if (typeof value !== "object" || value === null) return true;
  if (depth === PLAIN_DEPTH || ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value.toJSON) return false;
  for (const key in value) {
    if (!isPlain(value[key], depth + 1)) return false;
  }
  return true;
}

function bytesOf(value) {
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return undefined;
}

/** Puts attachments where their placeholders are. The host has checked that they fit. */
function filled(value, attachments) {
  if (typeof value !== "object" || value === null) return value;
  if (value._placeholder === true && Number.isInteger(value.num)) return attachments[value.num];
  for (const key of Object.keys(value)) value[key] = filled(value[key], attachments);
  return value;
}
