import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import { leaderCheck, nothingBlocks } from '../../../domain/end-checks.ts';
import { findSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import type { PostCheck } from '../../../domain/run.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { isSameRelease } from '../../../domain/version.ts';
import type { EndedRun, OtherEnding } from '../../define.ts';
import { movesOf } from './undo.ts';

/**
 * Checks the nodes that the run was to change, as the cluster shows them, when the run did not end as planned. After an
 * undo each has to be alive on the version from before; after a failure or a cancellation the checks only report which
 * versions the nodes run, and which are down.
 */
export async function checkNodesAtEnd(
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  { steps, ending }: Pick<EndedRun, 'steps'> & { readonly ending: OtherEnding },
): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const looked = movesOf(steps).map((move) => ({ move, row: findSameNode(nodes, move) }));
  // An undo cannot bring back a node that left the cluster meanwhile.
  const here = looked.flatMap(({ move, row }) => (row === undefined ? [] : [{ move, row }]));
  const rows = here.map(({ row }) => row);
  const gone = looked.flatMap(({ move, row }) => (row === undefined ? [move.label] : []));
  const dead = rows.filter((row) => !row.alive);
  const elsewhere = here
    .filter(({ move, row }) => row.version === null || !isSameRelease(row.version, move.fromVersion))
    .map(({ row }) => row);
  const severity = ending === 'UNDONE' ? ('BLOCK' as const) : ('WARN' as const);
  const checks: NamedCheck[] = [
    {
      name: 'nodes-on-version',
      status: elsewhere.length === 0 ? 'PASS' : 'FAIL',
      severity,
      observed: byVersion(rows),
      wanted: `each on the version from before: ${[...new Set(here.map(({ move }) => move.fromVersion))].join(' and ')}`,
      hint: ending === 'UNDONE' ? 'Retry the run.' : 'A retry goes on with the others, an undo takes all of them back.',
    },
    {
      name: 'nodes-alive',
      status: dead.length === 0 ? 'PASS' : 'FAIL',
      severity: 'BLOCK',
      observed: dead.length === 0 ? 'all alive' : `down: ${list(dead)}`,
      wanted: 'every node alive',
      hint: "Look at the node's log on its host.",
    },
    leaderCheck(nodes),
    ...(gone.length === 0
      ? []
      : [
          {
            name: 'nodes-gone',
            status: 'FAIL' as const,
            severity: 'WARN' as const,
            observed: `not in the cluster any more: ${gone.join(', ')}`,
            wanted: 'every node of the plan',
            hint: 'Somebody took them out of the cluster meanwhile.',
          },
        ]),
  ];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

/** `6 nodes on 3.3.15-d4c9bf5`; where versions differ, which nodes are on which. */
function byVersion(rows: readonly ObservedNode[]): string {
  const groups = [...Map.groupBy(rows, (row) => row.version ?? 'no known version')];
  const most = groups.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0];
  return groups
    .map(([version, some]) => {
      const who =
        version === most ? `${some.length} ${some.length === 1 ? 'node' : 'nodes'}` : some.map(nodeLabel).join(', ');
      return `${who} on ${version}`;
    })
    .join('; ');
}

function list(rows: readonly ObservedNode[]): string {
  return rows.map((row) => `${nodeLabel(row)} (${row.version ?? '?'})`).join(', ');
}
