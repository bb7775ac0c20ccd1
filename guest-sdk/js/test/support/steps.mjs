/**
 * Counts the steps of a call: how often each block of the runtime's code runs (V8's coverage), and how many elements the
 * language's own functions on arrays go through. Unlike time, steps are the same on every machine.
 */

import { Session } from "node:inspector/promises";

const session = new Session();
session.connect();
await session.post("Profiler.enable");

const LINEAR = ["concat", "flat", "slice", "splice", "shift", "unshift", "includes", "indexOf", "lastIndexOf", Symbol.iterator];
let elements = 0;

/** Returns how many steps `call` takes. */
export async function steps(call) {
  elements = 0;
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  const restore = LINEAR.map(counted);
  try {
    call();
  } finally {
    for (const back of restore) back();
  }
  const { result } = await session.post("Profiler.takePreciseCoverage");
  await session.post("Profiler.stopPreciseCoverage");
  const functions = result.filter(({ url }) => url.includes("/src/runtime/")).flatMap(({ functions }) => functions);
  const counts = functions.flatMap(({ ranges }) => ranges.map(({ count }) => count));
  return elements + counts.reduce((sum, count) => sum + count, 0);
}

function counted(name) {
  const native = Array.prototype[name];
  Array.prototype[name] = function (...args) {
    elements += this.length;
    if (name === "flat") for (let i = 0; i < this.length; i += 1) elements += this[i]?.length ?? 0;
    return native.apply(this, args);
  };
  return () => (Array.prototype[name] = native);
}
