import type { ObservedNode } from './cluster.ts';
import { nodeLabel } from './node-identity.ts';
import { findLeader } from './quorum.ts';
import { blocks, found, type NamedCheck } from './verdict.ts';

/** Passes when a frontend leads, as the cluster itself shows. */
export function leaderCheck(nodes: readonly ObservedNode[]): NamedCheck {
  const leader = findLeader(nodes);
  return found('leader', 'BLOCK', leader !== undefined, {
    observed: leader === undefined ? 'no leader' : nodeLabel(leader),
    wanted: 'one living leader',
    hint: 'Look at the frontends.',
  });
}

/** True when no check that was made forbids this end. */
export function nothingBlocks(checks: readonly NamedCheck[]): boolean {
  return !checks.some(blocks);
}
