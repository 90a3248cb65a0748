import type { ObservedNode } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { notesOnAdding, refusalsOfAdding } from '../../../domain/topology-change/adding.ts';
import { addressInCluster, usesNames } from '../../../domain/topology-change/address.ts';
import type { Member } from '../../../domain/topology-change/member.ts';
import { count } from '../../../domain/words.ts';
import { addToCluster } from '../steps/add-to-cluster.ts';
import { awaitJoined } from '../steps/await-joined.ts';

export type AddRunningNodesInput = {
  readonly kind: 'FOLLOWER' | 'OBSERVER' | 'BACKEND' | 'COMPUTE_NODE';
  readonly nodes: readonly string[];
};

export type AddRunningNodesFacts = {
  readonly nodes: readonly ObservedNode[];
  /** For each node of the input: where it is, as typed, and what its host resolves to; null = it cannot be read. */
  readonly wanted: readonly {
    readonly at: { host: string; port: number };
    readonly resolved: readonly string[] | null;
  }[];
};

/** Nodes that somebody has installed and started: the cluster is told of them, and nothing is done on their hosts. */
export function planAddRunningNodes(input: AddRunningNodesInput, facts: AddRunningNodesFacts): PlanResult {
  const byName = usesNames(facts.nodes.filter(({ kind }) => kind === 'FRONTEND'));
  const members: Member[] = [];
  const refusals: Refusal[] = [];
  for (const [index, { at, resolved }] of facts.wanted.entries()) {
    const found = addressInCluster(at.host, { byName, resolved, path: ['input', 'nodes', String(index)] });
    if ('code' in found) refusals.push(found);
    else members.push({ ...whatItIs(input.kind), host: found.host, port: at.port });
  }
  refusals.push(...refusalsOfAdding(members, facts.nodes, ['input', 'nodes']));
  if (refusals.length > 0) return { refusals };
  const version = facts.nodes.find(({ version: text }) => text !== null)?.version ?? null;
  const labels = members.map(nodeLabel);
  return {
    summary: `Add ${labels.join(', ')}, which ${labels.length === 1 ? 'runs' : 'run'} already`,
    steps: members.flatMap((each) => stepsFor(each, { version, of: members.length })),
    notes: [
      ...notesOnAdding(members, facts.nodes),
      `Nothing is done on ${labels.length === 1 ? 'its host' : 'their hosts'}: when it is undone, the ${count(labels.length, 'process', 'processes')} there ${labels.length === 1 ? 'goes' : 'go'} on`,
    ],
  };
}

/** Workers side by side; frontends one at a time, each only when the one before it votes. */
function stepsFor(each: Member, { version, of }: { version: string | null; of: number }): StepSpec[] {
  const label = nodeLabel(each);
  const node = { ...each, label };
  const lane: Lane | undefined =
    each.kind === 'FRONTEND' || of === 1 ? undefined : { stage: 'Add nodes', name: label, width: 10 };
  const timeoutSeconds = each.kind === 'FRONTEND' ? 900 : 180;
  return [addToCluster.with(node, lane), awaitJoined.with({ ...node, version, place: null, timeoutSeconds }, lane)];
}

function whatItIs(kind: AddRunningNodesInput['kind']): Pick<Member, 'kind' | 'role'> {
  switch (kind) {
    case 'FOLLOWER':
    case 'OBSERVER':
      return { kind: 'FRONTEND', role: kind };
    case 'BACKEND':
    case 'COMPUTE_NODE':
      return { kind, role: null };
    default:
      return kind satisfies never;
  }
}
