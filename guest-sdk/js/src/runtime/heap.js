/** QuickJS's heap, whose state after the top level of the file is the state in which every event begins. */

/**
 * Collects garbage now, so that no event has to.
 *
 * QuickJS collects when the heap is half as large again as after the last time that it did so by itself; how far that is
 * depends on how the top level went. A block as large as the heap makes it either collect, and then wait for three times the
 * heap's size, or shows that it was to wait for at least twice of it.
 */
export function settle() {
  const engine = globalThis.__cqjs;
  if (engine === undefined) return;
  engine.runGc();
  const block = new ArrayBuffer(engine.getMemoryUsage().mallocSize);
  // An object: that is when QuickJS looks.
  Object.create(block);
}
