/** What the tests of a file share, ended after them in the opposite order. Stands in for a test where things are started. */

import { after } from "node:test";

export function scope() {
  const ends = [];
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return { after: (end) => ends.push(end) };
}
