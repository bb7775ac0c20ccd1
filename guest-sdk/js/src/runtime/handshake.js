/** A handshake as Socket.IO's server has it. */

export function handshakeOf({ headers, query, auth, issued, ...rest }) {
  return {
    headers: Object.fromEntries(headers),
    query: grouped(query),
    auth: JSON.parse(auth),
    // A `BigInt` in StarlingMonkey.
    issued: Number(issued),
    ...rest,
  };
}

/** A name that comes several times has an array of values, as Node's `querystring` has it. */
function grouped(pairs) {
  const values = new Map();
  for (const [name, value] of pairs) {
    const known = values.get(name);
    values.set(name, known === undefined ? value : [known, value].flat());
  }
  return Object.fromEntries(values);
}
