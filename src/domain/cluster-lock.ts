import { effectOn } from './effect-on-target.ts';

/**
 * What a run may hold of a cluster while others that need the same wait. `cluster`: everything that changes it, one run
 * at a time. `tablet-scheduling`: the settings by which the leader moves tablets; whoever changes them for a time keeps
 * the values from before and puts them back, so two such runs at once would take each other's values for those from
 * before.
 */
export const lockScopes = ['cluster', 'tablet-scheduling'] as const;
export type LockScope = (typeof lockScopes)[number];

/** Which run holds each of them; null = nobody. */
export type LockHolders = Readonly<Record<LockScope, string | null>>;

/**
 * What the run holds from its first step to its end; none for a run that only reads. An operation that names none holds
 * the cluster.
 */
export function locksOf(
  operation: Parameters<typeof effectOn>[0] & { readonly locks?: readonly LockScope[] },
): readonly LockScope[] {
  return effectOn(operation) === 'reads' ? [] : (operation.locks ?? ['cluster']);
}

/** For a sentence about the run that holds it. */
export function lockInWords(scope: LockScope): string {
  switch (scope) {
    case 'cluster':
      return 'the cluster';
    case 'tablet-scheduling':
      return 'the tablet scheduling of the cluster';
    default:
      return scope satisfies never;
  }
}
