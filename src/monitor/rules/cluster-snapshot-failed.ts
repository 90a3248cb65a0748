import { z } from 'zod';
import { type ClusterSnapshotJob, newestEnded } from '../../domain/backup/cluster-snapshots.ts';
import { defineRule } from '../define-rule.ts';

const dayMs = 24 * 3_600_000;

/**
 * The newest job that ended made no snapshot. The next one follows by itself, so one failure is no alert; a leader that is
 * replaced in the middle of a job leaves one behind too.
 */
export const clusterSnapshotFailed = defineRule({
  name: 'cluster_snapshot_failed',
  reads: ['clusterSnapshots'],
  settings: z.object({
    /** How long jobs must have failed. */
    forMs: z.number().int().min(0).default(1_800_000),
  }),
  judge: ({ clusterSnapshots: seen }) => {
    if (seen === null) return [];
    if (!seen.isSeen) return { unjudged: `the cluster did not tell its snapshots: ${seen.why}` };
    const job = newestEnded(seen.jobs);
    if (job === null || job.state !== 'ERROR') return [];
    const [newest] = seen.jobs;
    const idleMs = newest?.createdAt == null ? null : seen.at.getTime() - newest.createdAt.getTime();
    if (idleMs !== null && idleMs <= Math.max(3 * seen.intervalMs, 1_800_000)) return [{ job }];
    // Without a finished snapshot StarRocks does not show whether they are on. After a day without a job they are off.
    if (idleMs !== null && idleMs > dayMs) return [];
    return { unjudged: 'the last job failed, none has begun since, and StarRocks does not show whether they are on' };
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: () => 'HIGH',
  words: ({ job }: Failed) => ({
    title: { now: 'Cluster snapshots fail', past: 'Cluster snapshots failed' },
    what: 'The automated snapshots of the cluster fail',
    why: job.error,
    more: `The last one that failed is ${job.name}.`,
    effect: 'If the metadata is lost, the cluster can go back to the last finished snapshot only, if there is one.',
  }),
  ripens: (_found, { forMs }) => ({ forMs, minSamples: 2, startedAt: null }),
  over: 'the newest job that ended made a snapshot, or they are off',
  inhibits: null,
  isInhibitedByRuns: false,
});

type Failed = { readonly job: ClusterSnapshotJob };
