import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PlanResult, StepSpec } from '../../../domain/plan.ts';
import { restartRefusals } from '../../../domain/restart-safety.ts';
import { count, wordsForStart } from '../../../domain/words.ts';
import { awaitNode, startNode, stopNode } from '../steps/restart.ts';
import type { RestartNodeInput } from './input.ts';
import type { RestartNodeFacts } from './observe.ts';

/** Stop, start, wait. A node that is down is only started. */
export function planRestartNode(input: RestartNodeInput, facts: RestartNodeFacts): PlanResult {
  const { known, now, process, safety } = facts;
  if (known === null || now === null) {
    return {
      refusals: [
        {
          code: 'NOT_FOUND',
          message: `The cluster has no node ${input.nodeId}`,
          hint: 'Refresh the cluster, then look at the ids of its nodes.',
          path: ['input', 'nodeId'],
        },
      ],
    };
  }
  const label = nodeLabel(known);
  if (known.hostId === null || known.deployDir === null) {
    return {
      refusals: [
        {
          code: 'CREDENTIAL_MISSING',
          message: `There is no SSH access to the host of ${label}`,
          hint: 'Attach it with attachHosts.',
        },
      ],
    };
  }
  const refusals = restartRefusals(now, safety, input);
  if (refusals.length > 0) return { refusals };
  if (now.alive && process === null) {
    return {
      refusals: [
        {
          code: 'PRECONDITION_FAILED',
          message: `${label} is alive, but no process of ${known.deployDir} was found`,
          hint: 'The directory is not the one it runs from, or it is run by another user or by systemd. Attach the host again with the right directory.',
        },
      ],
    };
  }
  const place = {
    nodeId: known.id,
    label,
    kind: known.kind,
    hostId: known.hostId,
    deployDir: known.deployDir,
    unit: known.unit,
    version: now.version ?? '',
    process,
  };
  const { graceful, timeoutSeconds } = input;
  const steps: StepSpec[] = [
    ...(process === null ? [] : [stopNode.with({ ...place, process, graceful, timeoutSeconds })]),
    startNode.with(place),
    awaitNode.with({
      nodeId: known.id,
      label,
      kind: known.kind,
      host: known.host,
      port: known.port,
      startedBefore: now.startedAt,
    }),
  ];
  return { summary: process === null ? `Start ${label}` : `Restart ${label}`, steps, notes: notesOf(facts) };
}

function notesOf({ now, runningQueries, safety, startedAs }: RestartNodeFacts): string[] {
  const notes: string[] = [];
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
