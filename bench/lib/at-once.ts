/** Calls `work` with 0 … `count` - 1, at most `width` at once, and waits for all of them. */
export async function atOnce(
  { count, width }: { count: number; width: number },
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const take = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, take));
}
