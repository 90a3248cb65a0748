/**
 * Works through a list, `atOnce` items at a time, and gives the results in the order of the list. Ends at the first
 * failure.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  const rest = items.entries();
  let isFailed = false;
  const worker = async () => {
    for (const [index, item] of rest) {
      if (isFailed) return;
      results.set(index, await work(item));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  } finally {
    isFailed = true; // the others end after their present item
  }
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}
