import { z } from 'zod';
import type { StoppedNode } from '../../domain/cluster.ts';
import { defineRule } from '../define-rule.ts';

/**
 * A node that somebody stopped through Starwarden and nobody has started since. It is no trouble and wakes nobody; it is
 * shown for as long as it lasts, so that a node is not forgotten.
 */
export const nodeStopped = defineRule({
  name: 'node_stopped',
  reads: ['stopped'],
  settings: z.object({}),
  judge: ({ stopped }) => stopped.nodes,
  identity: ({ label }) => ({ node: label }),
  nodeId: ({ nodeId }) => nodeId,
  severity: () => 'LOW',
  words: ({ label, byName, runNumber }: StoppedNode) => ({
    title: { now: `${label} is stopped on purpose`, past: `${label} was stopped on purpose` },
    what: `${byName} stopped it by R-${runNumber}`,
    why: null,
    more: '',
    effect: 'Other alerts about it notify nobody until it is started: startNodes, or an undo of that run.',
  }),
  ripens: ({ at }) => ({ forMs: 0, minSamples: 1, startedAt: at }),
  over: '{node} was started, or has left the cluster',
  inhibits: null,
  isInhibitedByRuns: false,
  neverFlaps: true,
});
