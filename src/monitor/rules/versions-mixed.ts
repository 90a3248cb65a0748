import { z } from 'zod';
import { pictureVersions } from '../../domain/upgrade/cluster-versions.ts';
import { defineRule } from '../define-rule.ts';

/** Longer than anybody waits between the waves of an upgrade by hand. */
const standingMs = 6 * 3_600_000;

/** Nodes run different releases, and no run has the cluster: an upgrade was left half done, or a node came with another version. */
export const versionsMixed = defineRule({
  name: 'versions_mixed',
  reads: ['topology', 'own'],
  settings: z.object({}),
  judge: ({ topology, own }) => {
    if (!topology.isSeen) return { unjudged: 'the cluster did not tell its nodes' };
    if (own.isChanging) return [];
    const picture = pictureVersions(topology.nodes);
    return picture.state === 'MIXED' ? [picture] : [];
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: () => 'MEDIUM',
  words: ({ summary }) => ({
    title: { now: 'The nodes run different versions', past: 'The nodes ran different versions' },
    what: `The nodes run different versions (${summary})`,
    why: null,
    more: '',
    effect: 'That is meant for the hours of an upgrade: finish it, or take it back.',
  }),
  ripens: () => ({ forMs: standingMs, minSamples: 2, startedAt: null }),
  over: 'all nodes run one version, or a run has the cluster',
  inhibits: null,
  isInhibitedByRuns: false,
});
