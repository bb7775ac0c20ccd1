/** Arguments as the contract has them: the text of a JSON array, and attachments in place of binary values. */

/** Values to a payload. Binary values, at any depth, become attachments. */
export function encode(values) {
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
