/** Waiting for conditions. The bound only ends tests that would never end; nothing is timed by it. */

const BOUND = 30_000;

/** The promise, or an error that says what did not happen. */
export async function within(promise, what, ms = BOUND) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms / 1000} s: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until the answer is true. */
export async function until(condition, what, ms = BOUND) {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${ms / 1000} s: ${what}`);
    await sleep(20);
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Values that arrive before or after somebody asks for them, in order. */
export class Queue {
  #values = [];
  #waiting = [];

  push(value) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(value);
    else this.#values.push(value);
  }

  next(what) {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift());
    return within(new Promise((resolve) => this.#waiting.push(resolve)), what);
  }
}
