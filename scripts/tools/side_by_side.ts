/**
 * Work that is done side by side.
 *
 * @module
 */

/**
 * Does `work` with each of `items`, the first ones first, as many at a time as there are
 * cores and one more: a part of all work is to wait for something.
 */
export async function sideBySide<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = Array.from(items).values();
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency + 1 }, async () => {
    for (const item of waiting) await work(item);
  }));
}
