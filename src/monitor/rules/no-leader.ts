import { z } from 'zod';
import { quorumOf } from '../../domain/quorum.ts';
import { defineRule } from '../define-rule.ts';

/** A hand-over shows no leader for 1 to 5 s. */
const handOverMs = 30_000;

/** The frontends tell the nodes, and none of them leads. Where they cannot even tell that, the cluster is unreachable. */
export const noLeader = defineRule({
  name: 'no_leader',
  reads: ['topology'],
  settings: z.object({}),
  judge: ({ topology }) => {
    if (!topology.isSeen) return { unjudged: 'the cluster did not tell its nodes' };
    return topology.leader === null && topology.nodes.length > 0 ? [quorumOf(topology.nodes)] : [];
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: () => 'CRITICAL',
  words: ({ alive, electable, majority }) => ({
    title: { now: 'No frontend leads', past: 'No frontend led' },
    what: 'The frontends tell the nodes, and none of them leads',
    why: null,
    more: `${alive} of ${electable} electable frontends are alive; a leader needs ${majority}.`,
    effect: 'Nothing can be changed or loaded, while queries may still be answered.',
  }),
  ripens: () => ({ forMs: handOverMs, minSamples: 2, startedAt: null }),
  over: 'a frontend leads again',
  inhibits: null,
  isInhibitedByRuns: false,
});
