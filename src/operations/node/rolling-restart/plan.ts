import type { StoppedNode } from '../../../domain/cluster.ts';
import type { PlanResult, StepSpec } from '../../../domain/plan.ts';
import { restartCheckNames, restartChecks } from '../../../domain/run-control/checks.ts';
import { upgradeRefusals } from '../../../domain/upgrade/checks.ts';
import type { NodeFacts } from '../../../domain/upgrade/checks-facts.ts';
import type { ReplicaSpread } from '../../../domain/upgrade/checks-spread.ts';
import { count } from '../../../domain/words.ts';
import { chooseNodes } from '../input.ts';
import { type RestartLane, restartLane } from '../lane.ts';
import { isPlaced, type PlacedNode } from '../placed-node.ts';
import { holdForPerson } from '../steps/hold.ts';
import { measureBaseline, sampleQueries } from '../steps/queries.ts';
import { pauseTabletScheduling } from '../steps/scheduling.ts';
import { frontendWaves, type Wave, workerWaves } from '../waves.ts';
import type { RollingRestartInput } from './input.ts';

export type RollingRestartFacts = {
  readonly nodes: NodeFacts;
  /** Which backends hold tablets together; null = not known, or nobody asked for more than one at a time. */
  readonly spread: ReplicaSpread | null;
  readonly stopped: readonly StoppedNode[];
};

/** Queries are watched no longer than this after each node; after the first one for as long as was asked. */
const longestWatchSeconds = 10;

/** Backends and compute nodes, then observers and followers, the leader of that moment last. Pure. */
export function planRollingRestart(input: RollingRestartInput, facts: RollingRestartFacts): PlanResult {
  const { nodes: found, stopped } = facts;
  const which = chooseNodes(found.nodes, input);
  if ('refusals' in which) return which;
  const targets = input.skipDown ? which.chosen.filter(({ alive }) => alive) : which.chosen;
  if (targets.length === 0) {
    return {
      refusals: [
        {
          code: 'PRECONDITION_FAILED',
          message: 'Every node that was asked for is down',
          hint: 'startNodes starts them.',
        },
      ],
    };
  }
  const checks = restartChecks(found, { ...input, targets });
  const refusals = upgradeRefusals(checks, input, restartCheckNames);
  const nodes = targets.filter(isPlaced);
  if (input.pauseAfterFirst && nodes.every(({ kind }) => kind === 'FRONTEND')) {
    return {
      refusals: [
        ...refusals,
        {
          code: 'INVALID_INPUT',
          message: 'pauseAfterFirst needs a backend or compute node among the nodes',
          hint: 'Which frontend goes first depends on who leads then: restart one with restartNode, look at it, then ask for the others.',
          path: ['input', 'pauseAfterFirst'],
        },
      ],
    };
  }
  if (refusals.length > 0) return { refusals };
  const { steps, notes } = stepsOf(input, { facts, nodes });
  const warnings = checks.filter(({ status }) => status === 'FAIL');
  return {
    summary: summaryOf(found, nodes),
    steps,
    notes: [
      ...notes,
      ...warnings.map(({ name, observed, hint }) => `${name}: ${observed}${hint === null ? '' : `. ${hint}`}`),
      ...stoppedNotes(found, stopped),
    ],
  };
}

function stepsOf(
  input: RollingRestartInput,
  { facts, nodes }: { facts: RollingRestartFacts; nodes: readonly PlacedNode[] },
): { steps: StepSpec[]; notes: readonly string[] } {
  const { runMode, nodes: all } = facts.nodes;
  const keepsPaused = nodes.some(({ kind }) => kind === 'BACKEND') && runMode !== 'shared_data';
  const watchSeconds = Math.min(input.soakSeconds, longestWatchSeconds);
  const watch = watchSeconds === 0 ? null : { seconds: watchSeconds, factor: input.gateFactor };
  const options: RestartLane = {
    ...{ graceful: input.graceful, stopTimeoutSeconds: input.stopTimeoutSeconds },
    ...{ gateTimeoutSeconds: input.gateTimeoutSeconds, runMode, keepsPaused, maySilent: false, watch, soak: null },
    leftDown: all.filter(({ alive }) => !alive).map(({ host, port }) => `${host}:${port}`),
  };
  const lanesOf = (wave: Wave<PlacedNode>, soak: RestartLane['soak'] = null) =>
    wave.nodes.flatMap((node) => restartLane(node, atOf(wave), { ...options, soak }));
  const workers = workerWaves(
    nodes.filter(({ kind }) => kind !== 'FRONTEND'),
    { parallel: input.parallel, spread: facts.spread },
  );
  const frontends = frontendWaves(nodes.filter(({ kind }) => kind === 'FRONTEND'));
  const { canary } = workers;
  const soak = input.soakSeconds === 0 ? null : { seconds: input.soakSeconds, factor: input.gateFactor };
  const steps = [
    ...(watch === null ? [] : [sampleQueries.with({}), measureBaseline.with({ seconds: watchSeconds })]),
    ...(keepsPaused ? [pauseTabletScheduling.with({})] : []),
    ...(canary === null ? [] : lanesOf({ stage: 'First node', nodes: [canary], width: 1 }, soak)),
    ...(canary !== null && input.pauseAfterFirst
      ? [holdForPerson.with({ message: `${canary.label} was restarted. Look at it, then resume the run` })]
      : []),
    ...workers.waves.flatMap((wave) => lanesOf(wave)),
    ...frontends.flatMap((wave) => lanesOf(wave)),
  ];
  return { steps, notes: workers.notes };
}

function atOf({ stage, width, nodes }: Wave<PlacedNode>) {
  return { stage, width, mates: width > 1 ? nodes.map(({ host, port }) => `${host}:${port}`) : [] };
}

function summaryOf({ clusterName, nodes: all }: NodeFacts, nodes: readonly PlacedNode[]): string {
  const words = [
    ['BACKEND', 'backend'],
    ['COMPUTE_NODE', 'compute node'],
    ['FRONTEND', 'frontend'],
  ] as const;
  const parts = words.flatMap(([kind, word]) => {
    const number = nodes.filter((node) => node.kind === kind).length;
    return number === 0 ? [] : [count(number, word)];
  });
  const rest = all.length - nodes.length;
  return `Restart of ${clusterName}, one after the other: ${parts.join(', ')}${rest === 0 ? '' : `; ${count(rest, 'other node')} left as ${rest === 1 ? 'it is' : 'they are'}`}`;
}

/** Who wanted a node to be down, so that nobody takes it for broken. */
function stoppedNotes({ nodes }: NodeFacts, stopped: readonly StoppedNode[]): string[] {
  return stopped.flatMap(({ nodeId, runNumber, byName }) => {
    const node = nodes.find(({ id }) => id === nodeId);
    return node === undefined || node.alive
      ? []
      : [`${node.label} was stopped on purpose by ${byName} (R-${runNumber})`];
  });
}
