import type { z } from 'zod';
import type { NodeReader } from '../../../adapters/nodes/port.ts';
import type { DirState, Installation } from '../../../domain/deploy/installation.ts';
import type { Check } from '../../../domain/next-action.ts';
import type { ProcessId } from '../../../domain/process-id.ts';
import type { Subject } from '../../../domain/subject.ts';
import { newNode } from '../new-node.ts';

/** A new node without the text of its conf file, which only the step that writes it needs. */
export const newPlace = newNode.omit({ conf: true });
export type NewPlace = z.infer<typeof newPlace>;

/** A node that is not in the cluster yet has no id. */
export function aboutNewNode({ label }: Pick<NewPlace, 'label'>): Subject {
  return { kind: 'node', id: null, label };
}

export function installationOf({ release, dataDirs, host, ports }: NewPlace, runId: string): Installation {
  return { runId, release, dataDirs, host, ports: Object.values(ports) };
}

/** Not null when a directory holds what this run did not put there. */
export function notOurs(place: NewPlace, dirs: readonly DirState[]): Extract<Check, { state: 'blocked' }> | null {
  const problems = dirs.flatMap(({ problem }) => problem ?? []);
  if (problems.length === 0) return null;
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${place.label} on ${place.hostAddress}: ${problems.join('; ')}`,
    hint: 'Look at the directory on the host. What this run did not put there is neither used nor removed.',
  };
}

/** A process runs there, and the run has not begun the first start. */
export function othersProcess(place: NewPlace, { pid }: ProcessId): Extract<Check, { state: 'blocked' }> {
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${place.label} runs as process ${pid}, and this run has not started it`,
    hint: 'Find out who started it. Stop it or let it be, then retry the run.',
  };
}

/** A directory of data holds something although this run, as far as its mark says, has never started the node. */
export function notStartedByUs(place: NewPlace, dirs: readonly DirState[]): Extract<Check, { state: 'blocked' }> {
  const used = dirs.find(({ path, isEmpty }) => !isEmpty && path !== place.deployDir);
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${used?.path} on ${place.hostAddress} is not empty, and ${place.label} was never started there by this run`,
    hint: 'Look at the directory on the host: what is in there is not removed. Move it away, then retry the run.',
  };
}

/** Not null when a directory of the node is not (or not any more) one that this run claimed. */
export function notClaimed(place: NewPlace, dirs: readonly DirState[]): Extract<Check, { state: 'blocked' }> | null {
  const other = notOurs(place, dirs);
  const [gone] = dirs.filter(({ owner }) => owner === 'nobody');
  if (other !== null || gone === undefined) return other;
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${place.label} on ${place.hostAddress}: ${gone.path} does not carry the marker of this run any more`,
    hint: 'Somebody removed it. Undo the run, and ask for the same again.',
  };
}

/** The last lines of what the node wrote, for people who have to find out why it does not run. */
export function lastLogLines(node: NodeReader, signal: AbortSignal): Promise<readonly string[]> {
  return node.lastLogLines(8, { signal });
}
