/** Work on many things at once, and no more of them than is wise. */

/**
 * Does the work for each item, at most `limit` at a time, and returns the results in the order of the items.
 * Rejects with the first error; work that has begun goes on to its end, and no more is begun.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  let isOver = false;
  const worker = async (): Promise<void> => {
    while (!isOver && next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index] as Item);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const failed = workers.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason as Error;
  return results;
}
