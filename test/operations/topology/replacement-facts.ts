import type { ClusterNode, ObservedNode } from '../../../src/domain/cluster.ts';
import type { StepSpec } from '../../../src/domain/plan.ts';
import type { ReplacementFacts } from '../../../src/operations/topology/replace/facts.ts';
import type { planReplacement, Replacement } from '../../../src/operations/topology/replace/plan.ts';
import { backend as backendFacts, decommission } from '../../domain/topology-change/builders.ts';
import { be, fe } from '../../domain/topology-change/members.ts';
import { addingTo, reported } from './builders.ts';

/* Facts and wishes of a replacement, written by hand. */

export const takes = {
  backend: { kinds: ['BACKEND'], living: false },
  frontend: { kinds: ['FRONTEND'], living: false },
  move: { kinds: ['BACKEND', 'FRONTEND', 'COMPUTE_NODE'], living: true },
} as const;

/** Attached to hosts of their own, unless said otherwise. */
export function known(node: ObservedNode, hostId: string | null = 'hst_old'): ClusterNode {
  const place = hostId === null ? { hostId, deployDir: null } : { hostId, deployDir: '/opt/old' };
  return { ...node, ...place, unit: null, id: 'nod_1', clusterId: 'clu_1', observedAt: new Date(0) };
}

export function factsOf(nodes: readonly ObservedNode[], now: ObservedNode, over: Partial<ReplacementFacts> = {}) {
  const drain = {
    // The new one is there already in these facts, empty.
    facts: decommission({ backends: [1, 2, 3, 4].map((n) => backendFacts(n, { alive: n > 1 || now.alive })) }),
    ids: ['10001'],
  };
  const facts: ReplacementFacts = {
    ...{ known: known(now), now, adding: addingTo(nodes) },
    ...{ drain: now.kind === 'BACKEND' ? drain : null, remnants: [], silence: null },
    ...over,
  };
  return facts;
}

export function wishFor({ kind }: Pick<ObservedNode, 'kind'>, over: Partial<Replacement> = {}): Replacement {
  return {
    ...{ nodeId: 'nod_1', deployDir: '/opt/sr/node', conf: [], systemd: false, acceptChecks: [], location: null },
    ...{ metaDir: kind === 'FRONTEND' ? '/data/meta' : null, storage: kind === 'BACKEND' ? ['/data/be'] : [] },
    ...{ leaveProcess: false, stopTimeoutSeconds: 60, moveLeader: false, queryWaitSeconds: 60 },
    ...{ acceptFewerDomains: false, acceptOtherMedium: false, marginPercent: 20 },
    ...{ drainTimeoutSeconds: 3600, stallAfterSeconds: 60 },
    ...over,
  };
}

export function stepsOf(result: ReturnType<typeof planReplacement>): readonly StepSpec[] {
  if ('refusals' in result) throw new Error(JSON.stringify(result.refusals));
  return result.steps;
}

export const words = (result: ReturnType<typeof planReplacement>) =>
  'refusals' in result ? result.refusals.map(({ code, message }) => `${code} ${message}`) : ['it was planned'];

export const at = (over: Partial<ObservedNode> = {}) => ({ version: reported, ...over });
export const three = [fe(1, at({ role: 'LEADER' })), fe(2, at()), fe(3, at())];
export const threeBackends = [be(1, at()), be(2, at()), be(3, at())];
