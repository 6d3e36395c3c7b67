/**
 * The shortest list that still fails, by delta debugging.
 *
 * @module
 */

/** The limit of tries. */
const MAX_ATTEMPTS = 400;

/** Leaves parts of a list away, halves first, as long as it fails without them. */
export async function shrink<T>(
  list: readonly T[],
  fails: (list: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let shortest = list;
  let attempts = 0;
  for (let size = Math.ceil(list.length / 2); size >= 1;) {
    let isShorter = false;
    // From the end: what comes before a crash is made first.
    for (let end = shortest.length; end > 0 && attempts < MAX_ATTEMPTS; end -= size) {
      const candidate = [...shortest.slice(0, Math.max(0, end - size)), ...shortest.slice(end)];
      attempts++;
      if (!await fails(candidate)) continue;
      shortest = candidate;
      isShorter = true;
    }
    if (size === 1 && !isShorter) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
    if (attempts >= MAX_ATTEMPTS) break;
  }
  return shortest;
}
