import type { ObservedNode } from '../cluster.ts';
import { isSameNode, type NodeIdentity, nodeLabel } from '../node-identity.ts';
import type { Refusal } from '../plan.ts';
import { borneByEven, findLeader, isElectable, majorityOf } from '../quorum.ts';
import type { FrontendRow } from '../topology.ts';
import { parseVersion } from '../version.ts';
import { count } from '../words.ts';

/**
 * Why this frontend may not be dropped right now; null = it may. Of the voters that are left a majority has to be alive,
 * and the leader cannot be dropped. Observers do not vote.
 */
export function whyNotDrop(nodes: readonly ObservedNode[], target: NodeIdentity): Refusal | null {
  const row = nodes.find((node) => isSameNode(node, target));
  if (row === undefined) return null;
  const leader = findLeader(nodes);
  if (leader === undefined)
    return { code: 'QUORUM_AT_RISK', message: 'The frontends have no leader now', hint: 'Bring frontends up first.' };
  if (isSameNode(leader, target)) return leads(row);
  if (!isElectable(row)) return null;
  const left = nodes.filter((node) => isElectable(node) && !isSameNode(node, target));
  const alive = left.filter((node) => node.alive).length;
  const needed = majorityOf(left.length);
  if (alive >= needed) return null;
  return {
    code: 'QUORUM_AT_RISK',
    message: `Without ${nodeLabel(row)} ${alive} of ${count(left.length, 'voting frontend')} would be alive; ${needed} are needed for a leader`,
    hint: 'Bring the others up first, or drop those first that are dead.',
  };
}

/**
 * Why frontends may not be dropped of which SHOW FRONTENDS lists another, earlier entry; null = none of them is such a one.
 * The statement takes an address, so which of the two it takes away cannot be told.
 */
export function whyListedTwice(
  { remnants }: { readonly remnants: readonly Pick<FrontendRow, 'host' | 'editLogPort' | 'name'>[] },
  targets: readonly NodeIdentity[],
): Refusal | null {
  const twice = targets.find(({ host, port }) => remnants.some((row) => row.host === host && row.editLogPort === port));
  if (twice === undefined) return null;
  const names = remnants.filter((row) => row.host === twice.host && row.editLogPort === twice.port);
  return {
    code: 'PRECONDITION_FAILED',
    message: `SHOW FRONTENDS lists ${nodeLabel(twice)} more than once (also as ${names.map(({ name }) => name).join(', ')}), and DROP may hit either entry`,
    hint: 'Clean this up by hand, with SHOW FRONTENDS looked at after each DROP, then refresh the cluster.',
  };
}

/** Why a voter may not be dropped because fewer would be left than the plan said: others were dropped meanwhile. */
export function whyTooFewLeft(
  nodes: readonly ObservedNode[],
  target: NodeIdentity & { readonly votersLeft: number },
): Refusal | null {
  const row = nodes.find((node) => isSameNode(node, target));
  if (row === undefined || !isElectable(row)) return null;
  const left = nodes.filter((node) => isElectable(node) && !isSameNode(node, target)).length;
  if (left >= target.votersLeft) return null;
  return {
    code: 'QUORUM_AT_RISK',
    message: `${count(left, 'voting frontend')} would be left, and ${target.votersLeft} when this was planned: others were dropped meanwhile`,
    hint: 'Look at the frontends, then ask again.',
  };
}

function leads(row: ObservedNode): Refusal {
  return {
    code: 'QUORUM_AT_RISK',
    message: `${nodeLabel(row)} leads, and StarRocks does not drop its leader`,
    hint: isGraceful(row)
      ? 'Give moveLeader: true: it is stopped gracefully first, so that another frontend leads.'
      : 'Before 3.4 a frontend cannot hand leadership over. Restart it with restartNode until another one leads, then ask again.',
  };
}

/** From 3.4 on a frontend that is told to exit gracefully hands leadership over. */
export function isGraceful({ version }: Pick<ObservedNode, 'version'>): boolean {
  const parsed = parseVersion(version ?? '');
  return parsed !== null && (parsed.major > 3 || (parsed.major === 3 && parsed.minor >= 4));
}

/**
 * Whether this leader would hand leadership over when it is told to exit gracefully; else it exits hard. StarRocks wants
 * (living followers without it) ≥ (all followers, it included) / 2 + 1, so of three all have to be alive.
 */
export function whyNoHandOver(nodes: readonly ObservedNode[], leader: ObservedNode): Refusal | null {
  if (!isGraceful(leader)) return leads(leader);
  const voters = nodes.filter(isElectable);
  const alive = voters.filter((node) => node.alive && !isSameNode(node, leader)).length;
  const needed = majorityOf(voters.length);
  if (alive >= needed) return null;
  return {
    code: 'QUORUM_AT_RISK',
    message: `${nodeLabel(leader)} leads and would not hand over: ${alive} of the other ${count(voters.length - 1, 'voting frontend')} are alive, and it wants ${needed}`,
    hint: 'Bring the others up, or add a frontend first: with two voters nobody can take over.',
  };
}

/**
 * Why these frontends may not be dropped one after the other, in this order; empty = they may. The leader is allowed with
 * `moveLeader`, where it would hand over first.
 */
export function dropRefusals(
  nodes: readonly ObservedNode[],
  { targets, moveLeader }: { readonly targets: readonly NodeIdentity[]; readonly moveLeader: boolean },
): readonly Refusal[] {
  const leader = findLeader(nodes);
  if (leader === undefined)
    return [{ code: 'QUORUM_AT_RISK', message: 'The frontends have no leader now', hint: 'Bring frontends up first.' }];
  const voters = nodes.filter(isElectable);
  const isTarget = (node: ObservedNode) => targets.some((target) => isSameNode(node, target));
  const leaving = voters.filter(isTarget);
  const left = voters.length - leaving.length;
  if (left === 0)
    return [
      {
        code: 'QUORUM_AT_RISK',
        message: 'No voting frontend would be left',
        hint: 'A cluster needs one frontend at least that votes. Observers do not.',
      },
    ];
  if (left === 1 && leaving.length > 1)
    return [
      {
        code: 'QUORUM_AT_RISK',
        message: `${count(leaving.length, 'voting frontend')} would leave at once, and one would be left of ${voters.length}`,
        hint: 'Drop one, look at the cluster, and ask again for the other.',
      },
    ];
  const dropped = isTarget(leader) ? leader : null;
  if (dropped !== null && !moveLeader) return [leads(dropped)];
  const noHandOver = dropped === null ? null : whyNoHandOver(nodes, dropped);
  if (noHandOver !== null) return [noHandOver];
  return dropOneByOne(nodes, inDropOrder(nodes, targets));
}

/** The dead first, since dropping them only helps; then observers; the leader last. */
export function inDropOrder<N extends NodeIdentity>(
  nodes: readonly ObservedNode[],
  targets: readonly N[],
): readonly N[] {
  const rank = (target: N) => {
    const row = nodes.find((node) => isSameNode(node, target));
    if (row === undefined) return 0;
    if (row.role === 'LEADER' && row.alive) return 3;
    if (!row.alive) return 0;
    return row.role === 'OBSERVER' ? 1 : 2;
  };
  return targets.toSorted((a, b) => rank(a) - rank(b));
}

function dropOneByOne(nodes: readonly ObservedNode[], targets: readonly NodeIdentity[]): readonly Refusal[] {
  let now = nodes;
  for (const target of targets) {
    // A leader that is dropped was stopped before: another one leads by then, and it counts as down.
    const rows = now.map((node) =>
      isSameNode(node, target) && node.role === 'LEADER' ? { ...node, role: 'FOLLOWER', alive: false } : node,
    );
    const hasLeader = findLeader(rows) !== undefined;
    const why = whyNotDrop(hasLeader ? rows : withSomeLeader(rows, target), target);
    if (why !== null) return [why];
    now = rows.filter((node) => !isSameNode(node, target));
  }
  return [];
}

function withSomeLeader(nodes: readonly ObservedNode[], except: NodeIdentity): readonly ObservedNode[] {
  const next = nodes.find((node) => isElectable(node) && node.alive && !isSameNode(node, except));
  return nodes.map((node) => (node === next ? { ...node, role: 'LEADER' } : node));
}

/** What people should know of a group of this size. */
export function quorumNote(voters: number): string | null {
  if (voters === 1) return 'One voting frontend will be left: while it is away nobody can log in';
  if (voters % 2 === 1) return null;
  return `${voters} voting frontends will be left: ${borneByEven(voters)}; an odd number is better`;
}
