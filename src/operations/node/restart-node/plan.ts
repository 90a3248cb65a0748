import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { restartRefusals } from '../../../domain/restart-safety.ts';
import { startChecks } from '../../../domain/run-control/checks.ts';
import { upgradeRefusals } from '../../../domain/upgrade/checks.ts';
import { count, wordsForStart } from '../../../domain/words.ts';
import { restartLane } from '../lane.ts';
import { isPlaced, type PlacedNode } from '../placed-node.ts';
import type { RestartNodeInput } from './input.ts';
import type { RestartNodeFacts } from './observe.ts';

/** How long a single node may take to be alive again: there is nobody behind it who waits for its turn. */
const gateTimeoutSeconds = 900;
/** What is asked of the node's host; clocks and users are told by notes. */
const blocking = ['service-control', 'jdk', 'conf-readable'];

/**
 * The lane of a rolling restart, for one node. The steps are the same whatever runs there at the moment: a node that is
 * down has nothing to be stopped, and is started.
 */
export function planRestartNode(input: RestartNodeInput, facts: RestartNodeFacts): PlanResult {
  const { known, now, process, safety, onHost } = facts;
  if (known === null || now === null) {
    return refuse({
      code: 'NOT_FOUND',
      message: `The cluster has no node ${input.nodeId}`,
      hint: 'Refresh the cluster, then look at the ids of its nodes.',
      path: ['input', 'nodeId'],
    });
  }
  const label = nodeLabel(known);
  const { id, hostId, deployDir, unit } = known;
  const node = { ...now, label, id, hostId, deployDir, unit, workerId: null, runningQueries: null, onHost };
  if (!isPlaced(node)) {
    return refuse({
      code: 'CREDENTIAL_MISSING',
      message: `There is no SSH access to the host of ${label}`,
      hint: 'Attach it with attachHosts.',
    });
  }
  const refusals = restartRefusals(now, safety, input);
  if (refusals.length > 0) return { refusals };
  if (now.alive && process === null) {
    return refuse({
      code: 'PRECONDITION_FAILED',
      message: `${label} is alive, but no process of ${node.deployDir} was found`,
      hint: 'The directory is not the one it runs from, or it is run by another user or by systemd. Attach the host again with the right directory.',
    });
  }
  const checks = startChecks({ hosts: [] }, [node]);
  const unfit = checks.filter(({ name, severity }) => severity === 'BLOCK' && blocking.includes(name));
  const why = upgradeRefusals(unfit, { acceptWarnings: [] });
  if (why.length > 0) return { refusals: why };
  const warned = checks.filter(({ name, status }) => name !== 'service-control' && status === 'FAIL');
  return {
    summary: `Restart ${label}`,
    steps: stepsOf(node, input, facts),
    notes: [
      ...notesOf(facts),
      ...warned.map(({ name, observed, hint }) => `${name}: ${observed}. ${hint ?? ''}`.trim()),
    ],
  };
}

function refuse(refusal: Refusal): PlanResult {
  return { refusals: [refusal] };
}

function stepsOf(node: PlacedNode, input: RestartNodeInput, { runMode }: RestartNodeFacts) {
  return restartLane(
    node,
    { stage: 'Restart', width: 1, mates: [] },
    {
      ...{ graceful: input.graceful, stopTimeoutSeconds: input.timeoutSeconds, gateTimeoutSeconds, runMode },
      // One short absence moves no tablets worth the pause, and nothing has to be put back afterwards.
      ...{ keepsPaused: false, watch: null, soak: null, leftDown: [] },
      maySilent: true,
    },
  );
}

function notesOf({ now, process, runningQueries, safety, startedAs }: RestartNodeFacts): string[] {
  const notes: string[] = [];
  if (process === null) notes.push('It is down: there is nothing to stop, and it is started');
  if (startedAs !== null)
    notes.push(`It ${wordsForStart(startedAs)}: files that it writes then may be closed to its owner`);
  if (now?.role === 'LEADER')
    notes.push('It is the leader: another frontend takes over, and statements may fail for some seconds');
  if (runningQueries !== null && runningQueries > 0)
    notes.push(`${count(runningQueries, 'query')} ${runningQueries === 1 ? 'runs' : 'run'} on it now`);
  if (safety.singleReplicaTables.length > 0)
    notes.push(`Away meanwhile, for they have one replica: ${safety.singleReplicaTables.slice(0, 10).join(', ')}`);
  return notes;
}
