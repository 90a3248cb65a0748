import type { Reading } from '../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../adapters/starrocks/read-topology.ts';
import { nothingBlocks } from '../../domain/end-checks.ts';
import type { PostCheck } from '../../domain/run.ts';
import type { Member } from '../../domain/topology-change/member.ts';
import { checksOfMembers } from '../../domain/topology-change/member-checks.ts';
import type { EndedRun } from '../define.ts';
import { awaitJoined } from './steps/await-joined.ts';
import { member } from './steps/member.ts';

type Asking = Pick<Reading, 'sql' | 'signal'>;

/** Reads the cluster once more: every node that was added is in it, alive, with the version of the others. */
export async function checkAdded({ sql, signal }: Asking, run: EndedRun): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const checks = checksOfMembers(membersOf(run), nodes, { wanted: 'in' });
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

/** How things were left: after an undo no node that was added is in the cluster; else what is there is only shown. */
export async function checkLeft(
  { sql, signal }: Asking,
  run: EndedRun & { readonly ending: 'UNDONE' | 'FAILED' | 'CANCELED' },
): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const checks = checksOfMembers(membersOf(run), nodes, { wanted: run.ending === 'UNDONE' ? 'out' : 'either' });
  return { passed: nothingBlocks(checks), checks };
}

/** The nodes that the run was to add, from its steps. */
export function membersOf({ steps }: EndedRun): readonly Member[] {
  return steps
    .filter(({ kind, phase }) => kind === awaitJoined.kind && phase === 'do')
    .map(({ params }) => member.parse(params));
}
