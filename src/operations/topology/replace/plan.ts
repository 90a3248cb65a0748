import type { ClusterNode, NodeKind, ObservedNode } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { isElectable } from '../../../domain/quorum.ts';
import { decommissionNotes, decommissionRefusals } from '../../../domain/topology-change/decommission-guards.ts';
import { dropRefusals, whyListedTwice } from '../../../domain/topology-change/frontend-guards.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import { type AddWish, planAddNodes } from '../new-nodes/plan.ts';
import { whyNotReached } from '../steps/choose-nodes.ts';
import { awaitIdle, dropComputeNode, stopComputeNode } from '../steps/compute-node.ts';
import { drainBackend } from '../steps/drain-backend.ts';
import { dropDrained } from '../steps/drop-drained.ts';
import { dropFrontend, handOverLeadership } from '../steps/drop-frontend.ts';
import { isReachable, type LeavingNode, toLeavingNode } from '../steps/leaving-node.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';
import type { ReplacementFacts } from './facts.ts';

export type Replacement = Omit<AddWish, 'kind' | 'role' | 'location'> & {
  readonly nodeId: string;
  readonly location: string | null;
  readonly leaveProcess: boolean;
  readonly stopTimeoutSeconds: number;
  /** A living leader is told to let another one lead, where its version can. */
  readonly moveLeader: boolean;
  readonly queryWaitSeconds: number;
  readonly acceptFewerDomains: boolean;
  readonly acceptOtherMedium: boolean;
  readonly marginPercent: number;
  readonly drainTimeoutSeconds: number;
  readonly stallAfterSeconds: number;
};

/** Which nodes the operation takes: dead ones of a kind, or living ones of any. */
export type Takes = { readonly kinds: readonly NodeKind[]; readonly living: boolean };

/**
 * The new node first, then the old one: a new frontend votes before the old one is dropped, and a backend is drained only when
 * another one is there to take its tablets. Pure.
 */
export function planReplacement(wish: Replacement, facts: ReplacementFacts, takes: Takes): PlanResult {
  const { known, now, adding } = facts;
  if (known === null || now === null) {
    const what =
      known === null ? `The cluster has no node ${wish.nodeId}` : `${nodeLabel(known)} is not in the cluster any more`;
    return refused('NOT_FOUND', what, 'Refresh the cluster, then look at the ids of its nodes.', 'nodeId');
  }
  const wrong = whyNotThis(now, takes);
  if (wrong !== null) return { refusals: [wrong] };
  const role = now.kind === 'FRONTEND' ? (now.role === 'OBSERVER' ? 'OBSERVER' : 'FOLLOWER') : null;
  const sameFrontendHost =
    now.kind === 'FRONTEND' &&
    adding.hosts.some(({ address, resolved }) => [address, ...(resolved ?? [])].includes(now.host));
  if (sameFrontendHost) {
    return refused(
      'PRECONDITION_FAILED',
      `${nodeLabel(now)} stands on that host, and StarRocks takes one frontend of a host`,
      'Drop it first (dropFrontends), then add the new one (addFrontends), or name another host.',
      'host',
    );
  }
  const unlike = fieldRefusals(wish, now);
  if (unlike.length > 0) return { refusals: unlike };
  const added = planAddNodes({ ...wish, kind: now.kind, role }, { ...adding, leaving: now });
  if ('refusals' in added) return { refusals: added.refusals.map(atHost) };
  const refusals = leavingRefusals(wish, facts, { known, now });
  if (refusals.length > 0) return { refusals };
  return {
    summary: `${now.alive ? 'Move' : 'Replace'} ${nodeLabel(now)}: ${added.summary}`,
    steps: [...added.steps, ...leavingSteps(wish, facts, { known, now }), saveTopology.with({})],
    notes: [...(added.notes ?? []), ...notesOnLeaving(wish, facts, { known, now })],
  };
}

function whyNotThis(now: ObservedNode, { kinds, living }: Takes): Refusal | null {
  const path = ['input', 'nodeId'];
  const label = nodeLabel(now);
  if (!kinds.includes(now.kind)) {
    const hint =
      'Backends are replaced by replaceBackend, frontends by replaceFrontend; moveNode takes living nodes of each kind.';
    return { code: 'INVALID_INPUT', message: `${label} is none that this operation takes`, hint, path };
  }
  if (now.alive === living) return null;
  return living
    ? {
        code: 'PRECONDITION_FAILED',
        message: `${label} is down: ${now.errorMessage ?? 'no reason given'}`,
        hint:
          now.kind === 'COMPUTE_NODE'
            ? 'Remove it (removeComputeNodes), and add another one.'
            : 'Replace it with replaceBackend or replaceFrontend.',
        path,
      }
    : {
        code: 'PRECONDITION_FAILED',
        message: `${label} is alive`,
        hint: 'Move it with moveNode, which lets it leave by itself.',
        path,
      };
}

/** Fields that mean nothing for a node of this kind, and those that it needs. */
function fieldRefusals(wish: Replacement, now: ObservedNode): Refusal[] {
  const say = (field: string, message: string, hint: string): Refusal => ({
    ...{ code: 'INVALID_INPUT', message, hint },
    path: ['input', field],
  });
  const isBackend = now.kind === 'BACKEND';
  return [
    ...(isBackend && wish.storage.length === 0
      ? [say('storage', 'Where the new backend keeps its data is not said', 'Give the paths: /data1,medium:SSD.')]
      : []),
    ...(now.kind === 'FRONTEND' && wish.storage.length > 0
      ? [say('storage', `${nodeLabel(now)} is a frontend, and has no storage`, 'Leave it out.')]
      : []),
    ...(!isBackend && wish.location !== null
      ? [say('location', `${nodeLabel(now)} is no backend, and only backends have a location`, 'Leave it out.')]
      : []),
    ...(now.kind === 'FRONTEND' && wish.metaDir === null
      ? [
          say(
            'metaDir',
            'Where the new frontend keeps its metadata is not said',
            'Give a directory outside of deployDir.',
          ),
        ]
      : []),
    ...(now.kind !== 'FRONTEND' && wish.metaDir !== null
      ? [say('metaDir', `${nodeLabel(now)} is no frontend, and only frontends have a metaDir`, 'Leave it out.')]
      : []),
    ...(isBackend && now.location !== null && wish.location === null
      ? [
          say(
            'location',
            `${nodeLabel(now)} stands in ${now.location}, and where the new one stands is not said`,
            'Give its location.',
          ),
        ]
      : []),
  ];
}

type Leaving = { readonly known: ClusterNode; readonly now: ObservedNode };

function leavingRefusals(wish: Replacement, facts: ReplacementFacts, { known, now }: Leaving): readonly Refusal[] {
  const unreached = [...whyNotReached([known], wish.leaveProcess), ...silentRefusals(wish, facts, now)];
  switch (now.kind) {
    case 'BACKEND': {
      if (facts.drain === null || facts.drain.ids.length === 0) return [...unreached, notShown(now)];
      const { marginPercent, acceptFewerDomains, acceptOtherMedium } = wish;
      const { ids } = facts.drain;
      const drain = { ids, marginPercent, acceptFewerDomains, acceptOtherMedium, isUnderWay: false };
      return [...unreached, ...decommissionRefusals(facts.drain.facts, drain)];
    }
    // Whether the others can do without it is asked right before it goes, when the new one is there.
    case 'COMPUTE_NODE':
      return unreached;
    case 'FRONTEND':
      return [...unreached, ...frontendRefusals(wish, facts, { known, now })];
    default:
      return now.kind satisfies never;
  }
}

/** A drain that nobody could judge is none that is begun. */
function notShown(now: ObservedNode): Refusal {
  return {
    code: 'NOT_FOUND',
    message: `SHOW BACKENDS does not list ${nodeLabel(now)} any more`,
    hint: 'Refresh the cluster, then look at the ids of its nodes.',
    path: ['input', 'nodeId'],
  };
}

/** A host that is away cannot be asked what the node leaves behind, nor be told to stop it. */
function silentRefusals(wish: Replacement, { silence }: ReplacementFacts, now: ObservedNode): readonly Refusal[] {
  if (wish.leaveProcess || silence === null) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `The host of ${nodeLabel(now)} does not answer: ${silence}`,
      hint: 'Bring it up, or give leaveProcess: true; then nobody looks whether a process of it runs.',
      path: ['input', 'leaveProcess'],
    },
  ];
}

/**
 * Whether the old frontend may be dropped once the new one votes too: the rules of dropping, asked of the cluster as it will be
 * then, so that a run does not end with both of them in it.
 */
function frontendRefusals(
  wish: Replacement,
  { adding, remnants }: ReplacementFacts,
  { known, now }: Leaving,
): readonly Refusal[] {
  const twice = whyListedTwice({ remnants }, [now]);
  if (twice !== null) return [twice];
  if (now.role === 'LEADER' && wish.moveLeader && !isReachable(toLeavingNode(known))) {
    return [
      {
        code: 'CREDENTIAL_MISSING',
        message: `There is no SSH access to the host of ${nodeLabel(now)}, so it cannot be told to let another one lead`,
        hint: 'Attach it with attachHosts.',
      },
    ];
  }
  if (now.role === 'OBSERVER') return [];
  const host = adding.hosts[0]?.address ?? '';
  const joined: ObservedNode = { ...now, host, role: 'FOLLOWER', alive: true };
  const refusals = dropRefusals([...adding.nodes, joined], { targets: [now], moveLeader: wish.moveLeader });
  return refusals.map((refusal) => ({ ...refusal, path: ['input', 'nodeId'] }));
}

function handsOver({ moveLeader }: Replacement, { known, now }: Leaving): boolean {
  return moveLeader && isElectable(now) && isReachable(toLeavingNode(known));
}

/** In a lane of its own: what fails on the way is taken back, a leader that was stopped is started again. */
function leavingSteps(wish: Replacement, facts: ReplacementFacts, { known, now }: Leaving): StepSpec[] {
  const lane: Lane = { stage: 'The old node', name: nodeLabel(now), width: 1 };
  const full = toLeavingNode(known);
  const leaving: LeavingNode = wish.leaveProcess ? { ...full, place: null } : full;
  const timeoutSeconds = wish.stopTimeoutSeconds;
  const noted = isReachable(leaving) ? [noteLeaving.with(leaving, lane)] : [];
  const stopped = isReachable(leaving) ? [stopRemoved.with({ ...leaving, timeoutSeconds }, lane)] : [];
  const together = [`${now.host}:${now.port}`];
  switch (now.kind) {
    case 'BACKEND': {
      const { marginPercent, acceptFewerDomains, acceptOtherMedium, stallAfterSeconds } = wish;
      const how = {
        backendId: facts.drain?.ids[0] ?? '',
        together,
        marginPercent,
        acceptFewerDomains,
        acceptOtherMedium,
        stallAfterSeconds,
      };
      return [
        ...noted,
        drainBackend.with({ ...leaving, ...how, timeoutSeconds: wish.drainTimeoutSeconds }, lane),
        dropDrained.with(leaving, lane),
        ...stopped,
      ];
    }
    case 'COMPUTE_NODE': {
      const idle = awaitIdle.with({ ...leaving, queryWaitSeconds: wish.queryWaitSeconds }, lane);
      const drop = dropComputeNode.with({ ...leaving, together }, lane);
      if (!isReachable(leaving)) return [idle, drop];
      // Looked at once more when it is out: whatever supervises it may have started it again.
      return [...noted, idle, stopComputeNode.with({ ...leaving, timeoutSeconds, together }, lane), drop, ...stopped];
    }
    case 'FRONTEND': {
      return [
        ...noted,
        // Whoever leads by then: the plan stays the same when leadership has moved.
        ...(handsOver(wish, { known, now }) && isReachable(full)
          ? [handOverLeadership.with({ ...full, timeoutSeconds }, lane)]
          : []),
        // The new one votes by then, in place of this one.
        dropFrontend.with({ ...leaving, votersLeft: facts.adding.nodes.filter(isElectable).length }, lane),
        ...stopped,
      ];
    }
    default:
      return now.kind satisfies never;
  }
}

function notesOnLeaving(wish: Replacement, { drain }: ReplacementFacts, { known, now }: Leaving): readonly string[] {
  return [
    ...(drain === null ? [] : decommissionNotes(drain.facts, drain.ids)),
    `Once ${nodeLabel(now)} has left, there is no way back but to add it again`,
    ...(wish.leaveProcess ? [noteOnProcess(nodeLabel(now), handsOver(wish, { known, now }))] : []),
    'The data of the old one stays on its disks: purgeNodeData deletes it later',
  ];
}

function noteOnProcess(label: string, isStoppedToHandOver: boolean): string {
  return isStoppedToHandOver
    ? `If ${label} leads, it is stopped so that another one leads; nobody looks at its process after that`
    : `The process of ${label} is left alone, and nobody looks at it`;
}

/** What an addition names by its list of hosts, a replacement has one of. */
function atHost(refusal: Refusal): Refusal {
  const path = refusal.path?.flatMap((part, at) =>
    part === 'hosts' ? ['host'] : at === 2 && refusal.path?.[1] === 'hosts' ? [] : [part],
  );
  return path === undefined ? refusal : { ...refusal, path };
}

function refused(code: Refusal['code'], message: string, hint: string, field: string): PlanResult {
  return { refusals: [{ code, message, hint, path: ['input', field] }] };
}
