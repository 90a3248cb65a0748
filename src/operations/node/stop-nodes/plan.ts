import type { PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { isElectable } from '../../../domain/quorum.ts';
import { startChecks } from '../../../domain/run-control/checks.ts';
import { stopRefusals } from '../../../domain/run-control/stop-safety.ts';
import { upgradeRefusals } from '../../../domain/upgrade/checks.ts';
import type { NodeFacts } from '../../../domain/upgrade/checks-facts.ts';
import type { ReplicaSpread } from '../../../domain/upgrade/checks-spread.ts';
import { count } from '../../../domain/words.ts';
import { chooseNodes } from '../input.ts';
import { placeOf, powerOf } from '../lane.ts';
import { isPlaced, type PlacedNode } from '../placed-node.ts';
import { guardNode } from '../steps/guard-node.ts';
import { stopNode } from '../steps/power.ts';
import { rememberStopped } from '../steps/remember-stopped.ts';
import type { StopNodesInput } from './input.ts';

export type StopNodesFacts = {
  readonly nodes: NodeFacts;
  readonly spread: ReplicaSpread | null;
  readonly singleReplicaTables: readonly string[];
};

/** What has to be so on the hosts, before anything is stopped that could not be started again. */
const neededOfHosts = ['hosts-attached', 'hosts-answer', 'service-control'];
/** The way back waits so long for each node. */
const gateTimeoutSeconds = 900;
const shutDownWidth = 10;

/** Compute nodes and backends, then observers and followers, and the leader of that moment last. Pure. */
export function planStopNodes(input: StopNodesInput, facts: StopNodesFacts): PlanResult {
  const { nodes: found } = facts;
  const whole = input.shutDown !== undefined;
  if (whole && input.shutDown !== found.clusterName) {
    return refuse({
      code: 'INVALID_INPUT',
      message: 'Stopping every node needs the name of the cluster, typed',
      hint: `Give shutDown: "${found.clusterName}"`,
      path: ['input', 'shutDown'],
    });
  }
  const which = chooseNodes(found.nodes, { ...input, all: whole });
  if ('refusals' in which) return which;
  const targets = which.chosen;
  if (!whole && targets.length === found.nodes.length) {
    return refuse({
      code: 'PRECONDITION_FAILED',
      message: `These are all nodes of ${found.clusterName}`,
      hint: `If the whole cluster is to be stopped, give shutDown: "${found.clusterName}" and no nodes.`,
    });
  }
  const checks = startChecks(found, targets).filter(({ name }) => neededOfHosts.includes(name));
  const refusals = [
    ...upgradeRefusals(
      checks.filter(({ severity }) => severity === 'BLOCK'),
      { acceptWarnings: [] },
    ),
    ...(whole
      ? shutDownRefusals(found, input)
      : stopRefusals({ ...found, ...facts, nodes: found.nodes, targets }, input)),
  ];
  if (refusals.length > 0) return { refusals };
  return {
    summary: whole
      ? `Stop all ${count(targets.length, 'node')} of ${found.clusterName}`
      : `Stop ${targets.map(({ label }) => label).join(', ')}`,
    steps: stepsOf(targets.filter(isPlaced), { input, found, whole }),
    notes: notesOf(targets.filter(isPlaced), facts, whole),
  };
}

function refuse(refusal: Refusal): PlanResult {
  return { refusals: [refusal] };
}

function shutDownRefusals({ backupJobs }: NodeFacts, { acceptDowntime }: StopNodesInput): Refusal[] {
  if (acceptDowntime) return [];
  if ('failed' in backupJobs) {
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: `Whether a backup or restore runs is not known: ${backupJobs.failed}`,
        hint: 'Mend that first, or give acceptDowntime: true.',
      },
    ];
  }
  if (backupJobs.value.length === 0) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `A backup or restore is running and would fail: ${backupJobs.value.join(', ')}`,
      hint: 'Wait for it to end, or give acceptDowntime: true.',
    },
  ];
}

type Given = { readonly input: StopNodesInput; readonly found: NodeFacts; readonly whole: boolean };

function stepsOf(nodes: readonly PlacedNode[], given: Given): StepSpec[] {
  const workers = nodes.filter(({ kind }) => kind !== 'FRONTEND');
  const observers = nodes.filter(({ kind, role }) => kind === 'FRONTEND' && role === 'OBSERVER');
  const electable = nodes
    .filter(isElectable)
    .toSorted((a, b) => Number(a.role === 'LEADER') - Number(b.role === 'LEADER'));
  const width = given.whole ? Math.min(shutDownWidth, workers.length) : 1;
  return [
    ...workers.flatMap((node) => laneOf(node, { stage: 'Backends and compute nodes', width }, nodes, given)),
    ...observers.flatMap((node) => laneOf(node, { stage: 'Observers', width: 1 }, nodes, given)),
    ...electable.flatMap((node) => laneOf(node, { stage: 'Followers, and the leader last', width: 1 }, nodes, given)),
  ];
}

function laneOf(
  node: PlacedNode,
  at: { readonly stage: string; readonly width: number },
  all: readonly PlacedNode[],
  { input, found, whole }: Given,
): StepSpec[] {
  const { graceful, stopTimeoutSeconds } = input;
  const place = placeOf(node, { graceful, stopTimeoutSeconds, gateTimeoutSeconds, runMode: found.runMode });
  const lane = { ...at, name: node.label };
  const { nodeId, label } = place;
  return [
    guardNode.with(
      {
        ...place,
        // What they hold together was judged when the plan was made: tablets that miss the others' replicas are meant.
        mates: all.map(({ host, port }) => `${host}:${port}`),
        ...{ workersOn: null, frontendsOn: null, maySilent: true, whole },
      },
      lane,
    ),
    stopNode.with({ ...powerOf(place, node), graceful, timeoutSeconds: stopTimeoutSeconds }, lane),
    rememberStopped.with({ nodeId, label }, lane),
  ];
}

function notesOf(nodes: readonly PlacedNode[], { singleReplicaTables }: StopNodesFacts, whole: boolean): string[] {
  const leader = nodes.find(({ role }) => role === 'LEADER');
  return [
    ...(whole ? ['Nobody can log in, query or load until startNodes has started it again'] : []),
    ...(leader === undefined || whole ? [] : [`${leader.label} leads now: another frontend takes over when it goes`]),
    ...(singleReplicaTables.length === 0
      ? []
      : [`Away until they are started, for they have one replica: ${singleReplicaTables.slice(0, 10).join(', ')}`]),
    'Alerts about these nodes say who stopped them, and notify nobody, until they are started',
  ];
}
