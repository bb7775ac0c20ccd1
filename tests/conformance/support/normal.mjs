/** What differs between two runs of the same server, made equal: random ids, and offsets. */

export class Names {
  #names = new Map();

  /** The text with every id that was seen in a handshake or a CONNECT packet replaced by a number of its own. */
  normal(text) {
    for (const [, sid] of text.matchAll(/\b0\{\\?"sid\\?":\\?"([^"\\]+)\\?",\\?"upgrades/g)) this.#add("session", sid);
    for (const [, sid] of text.matchAll(/\b40(?:\/[^,]*,)?\{"sid":"([^"]+)"/g)) this.#add("socket", sid);
    for (const [, pid] of text.matchAll(/"pid":"([^"]+)"/g)) this.#add("pid", pid);
    for (const [id, name] of this.#names) text = text.replaceAll(id, name);
    // With recovery, the last argument of an event; the reference's are random.
    if (this.#recovers) text = text.replace(/(?<=< 4[25][^[]*\[.*),"[^",]+"\]$/, ',"<offset>"]');
    // The reference counts its acknowledgement ids for a whole namespace.
    return text.replace(/((?:< |\| |␞)4[25](?:\d+-)?(?:\/[^,]*,)?)\d+(?=\[)/g, "$1<ack>");
  }

  get #recovers() {
    return [...this.#names.values()].some((name) => name.startsWith("<pid"));
  }

  #add(kind, id) {
    if (!this.#names.has(id)) this.#names.set(id, `<${kind} ${this.#names.size + 1}>`);
  }
}
