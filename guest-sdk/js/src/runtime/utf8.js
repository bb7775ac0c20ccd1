/** Text to bytes, for what the SDK itself prints. */

export function utf8(text) {
  const bytes = unescape(encodeURIComponent(text));
  return Uint8Array.from(bytes, (char) => char.charCodeAt(0));
}
