/**
 * Work that is done side by side.
 *
 * @module
 */

/** Does `work` with each of `items`, the first ones first, by default as many at a time as there are cores. */
export async function sideBySide<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  count: number = navigator.hardwareConcurrency,
): Promise<void> {
  const waiting = Array.from(items).values();
  await Promise.all(Array.from({ length: count }, async () => {
    for (const item of waiting) await work(item);
  }));
}
