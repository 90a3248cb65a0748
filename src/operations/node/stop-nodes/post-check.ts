import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { leaderCheck, nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found, type NamedCheck } from '../../../domain/verdict.ts';
import { count } from '../../../domain/words.ts';
import type { EndedRun, OtherEnding } from '../../define.ts';
import { nodesAliveCheck } from '../end-checks.ts';
import type { StopNodesInput } from './input.ts';
import { planned, stoppedBy } from './way-back.ts';

/** Passes when no process of these nodes is found on its host, and the others have a leader, if there are others. */
export async function checkStopped(
  input: StopNodesInput,
  reading: Pick<Reading, 'sql' | 'node' | 'signal'>,
  { steps }: Pick<EndedRun, 'steps'>,
): Promise<PostCheck> {
  const { sql, signal } = reading;
  const checks = [await processesCheck(reading, steps, 'BLOCK')];
  if (input.shutDown === undefined) checks.push(leaderCheck(toObservedNodes(await readTopology(sql, { signal }))));
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

/** After an undo every node that was stopped is alive again; after another end it is told who is down. */
export async function checkStopEnd(
  reading: Pick<Reading, 'sql' | 'node' | 'signal'>,
  { steps, ending }: Pick<EndedRun, 'steps'> & { readonly ending: OtherEnding },
): Promise<PostCheck> {
  if (ending !== 'UNDONE') return { passed: true, checks: [await processesCheck(reading, steps, 'INFO')] };
  const nodes = toObservedNodes(await readTopology(reading.sql, { signal: reading.signal }));
  const checks = [nodesAliveCheck(nodes, stoppedBy(steps)), leaderCheck(nodes)];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

async function processesCheck(
  { node, signal }: Pick<Reading, 'node' | 'signal'>,
  steps: EndedRun['steps'],
  severity: NamedCheck['severity'],
): Promise<NamedCheck> {
  const asked = await Promise.all(
    planned(steps).map(async (place) => ({ place, running: await (await node(place)).process({ signal }) })),
  );
  const running = asked.filter((each) => each.running !== null).map(({ place }) => place.label);
  return found('processes-ended', severity, running.length === 0, {
    observed:
      running.length === 0
        ? `${count(asked.length, 'node')} without a process`
        : `still running: ${running.join(', ')}`,
    wanted: 'no process of these nodes',
    hint: 'Something started it again: look who supervises it on its host.',
  });
}
