/** QuickJS's heap. Every event begins with the heap as it is after the top level of the file. */

/**
 * Collects garbage now, so that events do not have to.
 *
 * QuickJS collects when the heap has grown to 1.5 times its size after the last automatic collection. How far away that
 * is depends on the top level. So a block as large as the heap is allocated. Either QuickJS collects then, and the next
 * collection comes at three times the heap's size; or it does not, so the next one comes at twice that size or later.
 */
export function settle() {
  const engine = globalThis.__cqjs;
  if (engine === undefined) return;
  engine.runGc();
  const block = new ArrayBuffer(engine.getMemoryUsage().mallocSize);
  // QuickJS checks the heap's size when an object is created.
  Object.create(block);
}
