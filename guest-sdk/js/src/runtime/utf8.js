/** Encodes text as UTF-8. The SDK prints with it, so that no `TextEncoder` is needed. */

export function utf8(text) {
  const bytes = unescape(encodeURIComponent(text));
  return Uint8Array.from(bytes, (char) => char.charCodeAt(0));
}
