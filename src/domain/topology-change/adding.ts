import type { ObservedNode } from '../cluster.ts';
import { nodeLabel } from '../node-identity.ts';
import type { Refusal } from '../plan.ts';
import { borneByEven, findLeader, isElectable, majorityOf } from '../quorum.ts';
import { pictureVersions } from '../upgrade/cluster-versions.ts';
import { count } from '../words.ts';
import { type Member, standingOf } from './member.ts';

/**
 * Why nodes may not be added to a cluster that is as these rows show it; empty = they may. A cluster is changed when it is
 * whole: with a leader, every node alive, all of one version. `field` is the list of the input that names the nodes;
 * `leaving` = the node in whose place they come: it may be down, and its vote goes with it.
 */
export function refusalsOfAdding(
  wanted: readonly Member[],
  nodes: readonly ObservedNode[],
  field: readonly string[],
  leaving: ObservedNode | null = null,
): readonly Refusal[] {
  return [
    ...refusalsOfState(nodes.filter((node) => node.alive || node !== leaving)),
    ...refusalsOfMembers(wanted, nodes, field),
    ...refusalsOfVoters(wanted, nodes, leaving).map((refusal) => ({ ...refusal, path: field })),
  ];
}

/** Why no node may be added now, whichever it is. */
export function refusalsOfState(nodes: readonly ObservedNode[]): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (findLeader(nodes) === undefined) {
    refusals.push({
      code: 'QUORUM_AT_RISK',
      message: 'The frontends have no leader now',
      hint: 'Bring a majority of the followers up first.',
    });
  }
  const dead = nodes.filter(({ alive }) => !alive);
  if (dead.length > 0) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `${dead.map(nodeLabel).join(', ')} ${dead.length === 1 ? 'is' : 'are'} not alive`,
      hint: 'Start it, replace it or take it out first: a cluster is changed when it is whole.',
    });
  }
  const versions = pictureVersions(nodes.filter(({ alive }) => alive));
  if (versions.state === 'MIXED') {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `The nodes run different versions: ${versions.summary}`,
      hint: 'Finish or undo the upgrade first.',
    });
  }
  return refusals;
}

function refusalsOfMembers(
  wanted: readonly Member[],
  nodes: readonly ObservedNode[],
  field: readonly string[],
): readonly Refusal[] {
  return wanted.flatMap((member, index): readonly Refusal[] => {
    const path = [...field, String(index)];
    const label = nodeLabel(member);
    const standing = standingOf(member, nodes);
    if (standing !== 'out') {
      const message = 'in' in standing ? `${label} is in the cluster already` : standing.taken;
      return [{ code: 'ALREADY_EXISTS', message, hint: 'Leave it out, or give another address.', path }];
    }
    const before = wanted.slice(0, index).map(asObserved);
    const twice = standingOf(member, before);
    if (twice === 'out') return [];
    const message =
      member.kind === 'FRONTEND'
        ? `${member.host} stands twice, and a cluster has one frontend a host`
        : `${member.host}:${member.port} stands twice`;
    return [{ code: 'INVALID_INPUT', message, hint: 'Name each node once.', path }];
  });
}

/**
 * A voter more that makes their number even takes a vote more for a leader, and bears no failure more. One in the place of
 * another leaves their number as it is.
 */
function refusalsOfVoters(
  wanted: readonly Member[],
  nodes: readonly ObservedNode[],
  leaving: ObservedNode | null,
): readonly Refusal[] {
  const now = nodes.filter(isElectable).length;
  const then = nodes.filter((node) => node !== leaving && isElectable(node)).length + wanted.filter(isVoter).length;
  if (then <= now || then % 2 === 1) return [];
  return [
    {
      code: 'QUORUM_AT_RISK',
      message: `${count(then, 'frontend')} would vote: ${borneByEven(then)}`,
      hint: 'Add one follower more or less, or add it as an observer.',
    },
  ];
}

/** What a person should know before saying yes. */
export function notesOnAdding(wanted: readonly Member[], nodes: readonly ObservedNode[]): readonly string[] {
  const notes: string[] = [];
  const now = nodes.filter(isElectable).length;
  const voters = wanted.filter(isVoter);
  for (const [index, voter] of voters.entries()) {
    const then = now + index + 1;
    if (then % 2 === 1) continue;
    const all = majorityOf(then) === then ? `both of them have to live` : `${majorityOf(then)} of them have to live`;
    notes.push(
      `Once ${nodeLabel(voter)} has joined and until the next one has, ${count(then, 'frontend')} vote, and ${all}`,
    );
  }
  const leaving = nodes.filter(({ decommissioning }) => decommissioning);
  if (leaving.length > 0) notes.push(`${leaving.map(nodeLabel).join(', ')} is being decommissioned meanwhile`);
  const backends = wanted.filter(({ kind }) => kind === 'BACKEND').length;
  if (backends > 0 && nodes.some(({ kind }) => kind === 'BACKEND'))
    notes.push(`The cluster moves tablets to ${count(backends, 'new backend')} by itself, for as long as that takes`);
  return notes;
}

function isVoter({ kind, role }: Member): boolean {
  return kind === 'FRONTEND' && role === 'FOLLOWER';
}

function asObserved(member: Member): ObservedNode {
  return {
    ...member,
    ...{ httpPort: null, queryPort: null, alive: true, decommissioning: false, version: null, startedAt: null },
    ...{ tabletCount: null, maxDiskUsedPercent: null, errorMessage: null, location: null },
  };
}
