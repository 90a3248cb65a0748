/**
 * Heights for labels, each as near to its wish as can be with `gap` between any two, inside of `top` and `bottom`, in the
 * order of the wishes. When there is no room for all, they go closer together.
 */
export function spread(
  wishes: readonly number[],
  { gap, top, bottom }: { readonly gap: number; readonly top: number; readonly bottom: number },
): readonly number[] {
  const order = wishes.map((wish, index) => ({ wish, index })).toSorted((a, b) => a.wish - b.wish);
  const room = order.length < 2 ? gap : Math.min(gap, (bottom - top) / (order.length - 1));
  const heights: number[] = [];
  for (const { wish } of order) heights.push(Math.max(wish, (heights.at(-1) ?? top - room) + room));
  let limit = bottom;
  for (let at = heights.length - 1; at >= 0; at -= 1) {
    heights[at] = Math.min(heights[at] ?? limit, limit);
    limit = (heights[at] ?? limit) - room;
  }
  const placed = wishes.map(() => top);
  for (const [at, { index }] of order.entries()) placed[index] = heights[at] ?? top;
  return placed;
}
