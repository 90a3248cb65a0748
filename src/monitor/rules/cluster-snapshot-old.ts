import { z } from 'zod';
import { durationInWords } from '../../domain/alert-life.ts';
import type { ClusterSnapshot } from '../../domain/backup/cluster-snapshots.ts';
import { defineRule } from '../define-rule.ts';

/** So many times must have passed without a newer snapshot, and never less than half an hour. */
const missedTimes = 3;
const shortestMs = 1_800_000;

/**
 * Snapshots are on, and the newest is older than it may be: jobs fail, hang or do not begin. The age is counted from its begin,
 * since that is the moment one can go back to.
 */
export const clusterSnapshotOld = defineRule({
  name: 'cluster_snapshot_old',
  reads: ['clusterSnapshots'],
  settings: z.object({}),
  judge: ({ clusterSnapshots: seen }) => {
    if (seen === null) return [];
    if (!seen.isSeen) return { unjudged: `the cluster did not tell its snapshots: ${seen.why}` };
    const { newest, intervalMs, at } = seen;
    if (newest === null) return [];
    if (newest.createdAt === null) return { unjudged: `the name ${newest.name} does not say when it was taken` };
    const ageMs = at.getTime() - newest.createdAt.getTime();
    return ageMs > Math.max(missedTimes * intervalMs, shortestMs) ? [{ newest, intervalMs }] : [];
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: () => 'HIGH',
  words: ({ newest, intervalMs }: Old) => ({
    title: { now: 'The newest cluster snapshot is too old', past: 'The newest cluster snapshot was too old' },
    what: `No newer cluster snapshot than ${newest.name} was finished`,
    why: null,
    more: `One is due every ${durationInWords(intervalMs)}.`,
    effect: 'If the metadata is lost, everything that was done since is lost with it.',
  }),
  ripens: ({ newest }) => ({ forMs: 0, minSamples: 2, startedAt: newest.createdAt }),
  over: 'a newer snapshot was finished, or they are off',
  inhibits: null,
  isInhibitedByRuns: false,
});

type Old = { readonly newest: ClusterSnapshot; readonly intervalMs: number };
