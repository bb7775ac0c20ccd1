/** The contract's form of arguments: the text of a JSON array, with attachments for binary values. */

/** Encodes values as a payload. Binary values, at any depth, become attachments. */
export function encode(values) {
  // Without a replacer function, as that makes the engine several times slower.
  if (isPlain(values, 0)) return { json: JSON.stringify(values), attachments: [] };
  const attachments = [];
  // Not an arrow function, as it needs `this`: `value` of a `Buffer` is already the result of its `toJSON`.
  const json = JSON.stringify(values, function (key, value) {
    const bytes = bytesOf(this[key]) ?? bytesOf(value);
    if (bytes === undefined) return value;
    attachments.push(bytes);
    return { _placeholder: true, num: attachments.length - 1 };
  });
  return { json, attachments };
}

/** Decodes a payload. Attachments become `Uint8Array`s. */
export function decode({ json, attachments }) {
  const values = JSON.parse(json);
  return attachments.length === 0 ? values : filled(values, attachments);
}

/** The depth to which values are searched, as a cycle has no end. */
const PLAIN_DEPTH = 32;

/** Whether a value certainly contains no binary value, and none that could become one (`toJSON`). */
function isPlain(value, depth) {
  if (typeof value !== "object" || value === null) return true;
  if (depth === PLAIN_DEPTH || ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value.toJSON) return false;
  for (const key in value) {
    if (!isPlain(value[key], depth + 1)) return false;
  }
  return true;
}

/** The bytes of a binary value; undefined for other values. */
export function bytesOf(value) {
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return undefined;
}

/** Replaces placeholders with their attachments. The host has checked that they match. */
function filled(value, attachments) {
  if (typeof value !== "object" || value === null) return value;
  if (value._placeholder === true && Number.isInteger(value.num)) return attachments[value.num];
  for (const key of Object.keys(value)) value[key] = filled(value[key], attachments);
  return value;
}
