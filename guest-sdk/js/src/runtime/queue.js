/** A queue that gives the smallest item first (a binary heap), as an event may have a timer for each of a client's items. */

export class Queue {
  #items = [];
  #compare;

  constructor(compare) {
    this.#compare = compare;
  }

  get first() {
    return this.#items[0];
  }

  push(item) {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#compare(items[parent], item) <= 0) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  /** Takes the first item. */
  shift() {
    const items = this.#items;
    const first = items[0];
    const moved = items.pop();
    if (items.length > 0) this.#sink(moved);
    return first;
  }

  #sink(item) {
    const items = this.#items;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#compare(items[child + 1], items[child]) < 0) child += 1;
      if (this.#compare(item, items[child]) <= 0) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = item;
  }
}
