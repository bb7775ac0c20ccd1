/** Converts a handshake to the form that it has in Socket.IO's server. */

export function handshakeOf({ headers, query, auth, issued, ...rest }) {
  return {
    headers: Object.fromEntries(headers),
    query: grouped(query),
    auth: JSON.parse(auth),
    // In StarlingMonkey it is a `BigInt`.
    issued: Number(issued),
    ...rest,
  };
}

/** An object of names and values. A repeated name has an array of values, as in Node's `querystring`. */
function grouped(pairs) {
  const values = new Map();
  for (const [name, value] of pairs) {
    const known = values.get(name);
    values.set(name, known === undefined ? value : [known, value].flat());
  }
  return Object.fromEntries(values);
}
