import type { ObservedNode } from '../cluster.ts';
import { leaderCheck } from '../end-checks.ts';
import { findSameNode, nodeLabel } from '../node-identity.ts';
import { isElectable, quorumOf } from '../quorum.ts';
import { pictureVersions } from '../upgrade/cluster-versions.ts';
import { found, type NamedCheck } from '../verdict.ts';
import type { Member } from './member.ts';

/** The end of a run that adds nodes, as the cluster shows it. `either`: where the run broke off, what is there is only said. */
export function checksOfMembers(
  members: readonly Member[],
  nodes: readonly ObservedNode[],
  { wanted }: { readonly wanted: 'in' | 'out' | 'either' },
): NamedCheck[] {
  const voters = nodes.filter(isElectable).length;
  const versions = pictureVersions(nodes);
  const quorum = quorumOf(nodes);
  return [
    ...members.map((member) => checkMember(member, nodes, wanted)),
    leaderCheck(nodes),
    found('versions-uniform', wanted === 'in' ? 'BLOCK' : 'WARN', versions.state === 'UNIFORM', {
      observed: versions.summary,
      wanted: 'all nodes on one version',
      hint: 'Look which node runs another release than the others.',
    }),
    found('voters-odd', 'WARN', voters % 2 === 1, {
      observed: `${quorum.alive} of ${voters} voting frontends alive`,
      wanted: 'an odd number of voters',
      hint: 'An even number bears no more failures than one voter less: add or drop one.',
    }),
  ];
}

function checkMember(member: Member, nodes: readonly ObservedNode[], wanted: 'in' | 'out' | 'either'): NamedCheck {
  const row = findSameNode(nodes, member);
  const observed =
    row === undefined
      ? 'not in the cluster'
      : row.alive
        ? `alive with ${row.version ?? 'no version'}`
        : `in the cluster and not alive${row.errorMessage === null ? '' : `: ${row.errorMessage}`}`;
  const name = `node ${nodeLabel(member)}`;
  if (wanted === 'either') {
    const isWhole = row === undefined || row.alive;
    return found(name, 'WARN', isWhole, {
      observed,
      wanted: 'alive, or not in the cluster',
      hint: 'Retry the run, or undo it.',
    });
  }
  const passed = wanted === 'in' ? row?.alive === true : row === undefined;
  return found(name, 'BLOCK', passed, {
    observed,
    wanted: wanted === 'in' ? 'alive in the cluster' : 'not in the cluster',
    hint: wanted === 'in' ? 'Look at the log of the node on its host.' : 'Retry the run.',
  });
}
