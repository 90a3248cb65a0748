import type { ObjectReader } from '../../../adapters/object-store/port.ts';

/** What stands under a prefix of a repository. */
export type Counted = {
  readonly objects: number;
  readonly bytes: number;
  /** When the newest was written, by the store's clock, as an ISO text; null = there is none, or the store does not say. */
  readonly newestAt: string | null;
};

/** Counts without keeping anything: a snapshot may have a million objects. */
export async function countObjects(
  objects: Pick<ObjectReader, 'list'>,
  prefix: string,
  signal: AbortSignal,
): Promise<Counted> {
  let [count, bytes, newest] = [0, 0, Number.NEGATIVE_INFINITY];
  for await (const { size, modifiedAt } of objects.list(prefix, { signal })) {
    count += 1;
    bytes += size;
    newest = Math.max(newest, modifiedAt?.getTime() ?? newest);
  }
  return {
    objects: count,
    bytes,
    newestAt: newest === Number.NEGATIVE_INFINITY ? null : new Date(newest).toISOString(),
  };
}

/** Whether something was written since it was counted; deleting makes less of it, and never anything newer. */
export function hasAppeared(before: Counted, now: Counted): boolean {
  if (now.objects > before.objects) return true;
  return now.newestAt !== null && before.newestAt !== null && Date.parse(now.newestAt) > Date.parse(before.newestAt);
}

/** Where the objects of a snapshot are, under the root of its repository. */
export function prefixOf(snapshot: string): string {
  return `__ss_${snapshot}/`;
}
