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
    if (known === undefined) values.set(name, value);
    else if (typeof known === "string") values.set(name, [known, value]);
    // Not copied, as a client may repeat a name often.
    else known.push(value);
  }
  return Object.fromEntries(values);
}
