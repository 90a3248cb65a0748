import { z } from 'zod';
import { isAllWithoutGreeting } from '../../adapters/starrocks/read-greetings.ts';
import type { NodeKind } from '../../domain/cluster.ts';
import type { NodeProbe } from '../../domain/probe.ts';
import { inhibitions } from '../../domain/rules/inhibitions.ts';
import type { AppError } from '../../errors.ts';
import { defineRule } from '../define-rule.ts';

/** About the time after which alerts about nodes are stale too. */
const unreachableSamples = 3;

/**
 * No frontend shows which nodes there are. One failed probe is not enough: while a new leader is elected, which takes
 * seconds to a minute, no frontend can answer. A frontend that accepts the login and only lacks a leader is reported
 * differently from silence. A refused login or a missing privilege is less serious than silence, but shows just as
 * little.
 */
export const clusterUnreachable = defineRule({
  name: 'cluster_unreachable',
  reads: ['topology', 'health', 'stopped'],
  judgesWithout: ['stopped'],
  settings: z.object({}),
  judge: ({ topology, health, stopped }) => {
    // A cluster that was shut down on purpose is no trouble: node_stopped says who wanted that.
    if (topology.isSeen || stopped.explainsSilence) return [];
    const { failure, isAnswering } = topology;
    const isSilent = failure.code === 'SQL_UNREACHABLE' || failure.code === 'TIMEOUT';
    const isMute = isSilent && isAllWithoutGreeting(failure);
    const kind: Kind = isAnswering ? 'leaderless' : isMute ? 'mute' : isSilent ? 'silent' : 'refused';
    return [{ kind, isSilent, failure, probes: health.probes }];
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: ({ isSilent }) => (isSilent ? 'CRITICAL' : 'HIGH'),
  words: ({ kind, failure, probes }: Unreachable) => ({
    title: words[kind].title,
    what: words[kind].what,
    why: failure.message,
    more: overHttp(probes),
    effect: [words[kind].effect, 'Alerts about its nodes wait until it answers.'].join(' ').trimStart(),
  }),
  ripens: () => ({ forMs: 0, minSamples: unreachableSamples, startedAt: null }),
  over: 'the cluster answers and can be observed, or was shut down on purpose',
  inhibits: inhibitions.cluster_unreachable,
  isInhibitedByRuns: false,
});

type Kind = keyof typeof words;
type Unreachable = {
  readonly kind: Kind;
  readonly isSilent: boolean;
  readonly failure: AppError;
  readonly probes: readonly NodeProbe[];
};

const words = {
  leaderless: {
    title: { now: 'The frontends reach no leader', past: 'The frontends reached no leader' },
    what: 'A frontend lets Starwarden in and answers what it knows itself, but none could ask a leader for the nodes',
    effect:
      'As a rule their majority is lost then: nothing can be changed or loaded, and what still can be queried is not known.',
  },
  silent: {
    title: { now: 'No frontend answers', past: 'No frontend answered' },
    what: 'None could be reached over SQL',
    effect: 'If clients fare the same, nobody can query or load.',
  },
  mute: {
    title: { now: 'The frontends send no greeting', past: 'The frontends sent no greeting' },
    what: 'Each frontend that Starwarden knows accepts the connection and sends no greeting',
    effect:
      'A frontend that was dropped from its cluster and still runs does that, and one that hangs: clients wait until they give up.',
  },
  refused: {
    title: { now: 'The cluster cannot be observed', past: 'The cluster could not be observed' },
    what: 'Starwarden is refused',
    effect: '',
  },
} as const;

const kinds: readonly (readonly [NodeKind, string])[] = [
  ['FRONTEND', 'frontends'],
  ['BACKEND', 'backends'],
  ['COMPUTE_NODE', 'compute nodes'],
];

function overHttp(probes: readonly NodeProbe[]): string {
  const counts = kinds.flatMap(([kind, name]) => {
    const all = probes.filter((probe) => probe.kind === kind);
    const answering = all.filter((probe) => probe.httpProblem === null);
    return all.length === 0 ? [] : [`${answering.length} of ${all.length} ${name}`];
  });
  return counts.length === 0 ? '' : `Over HTTP ${counts.join(', ')} answer.`;
}
