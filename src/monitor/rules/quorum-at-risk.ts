import { z } from 'zod';
import { nodeLabel } from '../../domain/node-identity.ts';
import { isElectable, quorumOf } from '../../domain/quorum.ts';
import { settleAfterRunMs } from '../../domain/settling.ts';
import { defineRule } from '../define-rule.ts';

/** That a frontend is down is said at once by `node_down`; this says that it stays so. */
const standingMs = 5 * 60_000;

/**
 * Electable frontends are down, and if one more fails, the rest cannot elect a leader. A cluster that has only one, or two,
 * never had one to spare and is not at risk by a failure. It is about one of those that are down, so that a run that took
 * that one away explains it.
 */
export const quorumAtRisk = defineRule({
  name: 'quorum_at_risk',
  reads: ['topology', 'stopped'],
  judgesWithout: ['stopped'],
  settings: z.object({}),
  judge: ({ topology, stopped }) => {
    if (!topology.isSeen) return { unjudged: 'the cluster did not tell its nodes' };
    const quorum = quorumOf(topology.nodes);
    const dead = topology.nodes.filter((node) => isElectable(node) && !node.alive);
    const isUnplanned = ({ id }: { id: string }) => !stopped.nodes.some(({ nodeId }) => nodeId === id);
    const [about] = [...dead.filter(isUnplanned), ...dead];
    return about === undefined || quorum.spare > 0 ? [] : [{ ...quorum, dead, about }];
  },
  identity: () => ({}),
  nodeId: ({ about }) => about.id,
  severity: () => 'HIGH',
  words: ({ electable, alive, majority, dead, spare }) => ({
    title: {
      now: spare < 0 ? 'Too few frontends are alive to elect a leader' : 'No frontend is left to spare',
      past: spare < 0 ? 'Too few frontends were alive to elect a leader' : 'No frontend was left to spare',
    },
    what: `${alive} of ${electable} electable frontends are alive, and a leader needs ${majority}`,
    why: null,
    more: `Down: ${dead.map(nodeLabel).join(', ')}.`,
    effect: 'One more that fails stops every change and every load.',
  }),
  ripens: () => ({ forMs: standingMs, minSamples: 2, startedAt: null }),
  over: 'a frontend can fail again without the cluster losing its leader',
  inhibits: null,
  isInhibitedByRuns: true,
  settlesMs: settleAfterRunMs,
});
