import type { ObservedNode } from './cluster.ts';
import { nodeLabel } from './node-identity.ts';
import { findLeader } from './quorum.ts';
import { blocks, found, type NamedCheck } from './verdict.ts';

/** Some frontend leads, as the cluster itself says. */
export function leaderCheck(nodes: readonly ObservedNode[]): NamedCheck {
  const leader = findLeader(nodes);
  return found('leader', 'BLOCK', leader !== undefined, {
    observed: leader === undefined ? 'no leader' : nodeLabel(leader),
    wanted: 'one living leader',
    hint: 'Look at the frontends.',
  });
}

/** The end is as it should be: nothing that was looked at forbids it. */
export function nothingBlocks(checks: readonly NamedCheck[]): boolean {
  return !checks.some(blocks);
}
