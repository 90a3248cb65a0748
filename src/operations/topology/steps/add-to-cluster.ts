import type { Statement } from '../../../adapters/starrocks/port.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { addBackend, addComputeNode, addFrontend } from '../../../adapters/starrocks/statements.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { standingOf } from '../../../domain/topology-change/member.ts';
import { defineStep } from '../../../steps/define.ts';
import { decommissionAdded, dropFromCluster } from './leave-cluster.ts';
import { type MemberParams, member, newNodeSubject } from './member.ts';

/**
 * Tells the cluster of one node, by one statement. StarRocks answers nothing, and refuses an address that it has: so the
 * rows decide what happened, and a statement whose answer was lost is sent again only after they show nothing.
 */
export const addToCluster = defineStep({
  kind: 'addToCluster',
  params: member,
  about: newNodeSubject,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 180_000,
  settleMs: 15_000,
  repeat: 'safe',
  describe: ({ label, role }) => `Add ${label} to the cluster${role === null ? '' : ` as ${wordOf[role]}`}`,
  check: async (node, { sql }, { signal }) => {
    const standing = standingOf(node, toObservedNodes(await readTopology(sql, { signal })));
    if (standing === 'out') return { state: 'todo' };
    if ('in' in standing) return { state: 'done' };
    return {
      state: 'blocked',
      code: 'ALREADY_EXISTS',
      message: standing.taken,
      hint: 'Undo the run, and give another address.',
    };
  },
  apply: async (node, { sql }, { signal }) => {
    await sql.query(statementFor(node), { signal, timeoutMs: 30_000 });
  },
  // A node that did not come to join is taken out again before its process is ended.
  recover: leaving,
  undo: { steps: leaving },
});

/** The way back of one node, as far as the cluster is concerned. */
export function leaving(node: MemberParams): readonly StepSpec[] {
  const { label, kind, role, host, port } = node;
  const own = { label, kind, role, host, port };
  return [...(kind === 'BACKEND' ? [decommissionAdded.with(own)] : []), dropFromCluster.with(own)];
}

const wordOf = { FOLLOWER: 'a follower', OBSERVER: 'an observer' } as const;

function statementFor({ kind, role, host, port }: MemberParams): Statement {
  switch (kind) {
    case 'FRONTEND':
      return addFrontend({ host, port, role: role ?? 'FOLLOWER' });
    case 'BACKEND':
      return addBackend({ host, port });
    case 'COMPUTE_NODE':
      return addComputeNode({ host, port });
    default:
      return kind satisfies never;
  }
}
