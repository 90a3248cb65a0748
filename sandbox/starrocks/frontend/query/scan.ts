import type { Cell } from '../../mysql/packets.ts';
import { RemoteError } from '../../rpc.ts';
import { SqlError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';
import { callBackend, isAlive, workerOf } from '../data/backends.ts';
import { partitionsOf } from '../data/placement.ts';
import type { Partition, Table, Tablet } from '../meta/state.ts';

/** How often a query is sent once more when a backend cannot be reached, as long as no row went to the client. */
const retries = 2;

/** All rows of a table, each tablet read from an alive replica that has the visible version. */
export async function scanTable(fe: FrontendContext, table: Table, signal?: AbortSignal): Promise<Cell[][]> {
  requireAnyBackend(fe);
  const parts: Cell[][][] = [];
  for (const partition of partitionsOf(fe.group.state, table.id)) {
    if (partition.temporary) continue;
    const tablets = partition.tablets.map((tablet) => scanTablet(fe, partition, tablet, signal));
    parts.push(...(await Promise.all(tablets)));
  }
  // Rows that were written before a column was added have its default.
  const added = (row: Cell[]) => table.columns.slice(row.length).map(({ fallback }) => fallback);
  return parts.flat().map((row) => (row.length < table.columns.length ? [...row, ...added(row)] : row));
}

export function requireAnyBackend(fe: FrontendContext): void {
  const someAlive = [...fe.group.state.workers.values()].some(({ alive }) => alive);
  if (someAlive) return;
  const list = [...fe.group.state.workers.values()].map(({ host }) => `[${host} alive: false inBlacklist: true] `);
  throw new SqlError(
    1064,
    'HY000',
    `Backend node not found. Check if any backend node is down.backend: ${list.join('')}`,
  );
}

async function scanTablet(
  fe: FrontendContext,
  partition: Partition,
  tablet: Tablet,
  signal?: AbortSignal,
): Promise<Cell[][]> {
  const request = { tabletId: tablet.id, version: partition.visibleVersion };
  let lastError: unknown = null;
  for (const { backendId } of inTurn(requireReplica(fe, partition, tablet)).slice(0, 1 + retries)) {
    try {
      return (await callBackend(fe, backendId, 'scan', request, signal)).rows;
    } catch (error) {
      if (signal?.aborted) throw error;
      if (isFragmentFailure(error))
        throw new SqlError(1064, 'HY000', `${error.message} backend:${hostOf(fe, backendId)}`);
      lastError = error;
    }
  }
  throw new SqlError(1064, 'HY000', `Backend node not found. Check if any backend node is down. ${String(lastError)}`);
}

let turn = 0;

/** Every replica gets its share of the reads, so that one bad backend is noticed wherever its replicas stand in the list. */
function inTurn<T>(replicas: readonly T[]): T[] {
  turn += 1;
  const first = turn % replicas.length;
  return [...replicas.slice(first), ...replicas.slice(0, first)];
}

/** The backend ran the fragment and failed: that ends the query, where a backend that is not there is gone round. */
function isFragmentFailure(error: unknown): error is RemoteError {
  return error instanceof RemoteError && error.message.startsWith('Internal error: ');
}

function hostOf(fe: FrontendContext, backendId: number): string {
  return workerOf(fe, backendId)?.host ?? String(backendId);
}

function requireReplica(fe: FrontendContext, partition: Partition, tablet: Tablet) {
  const queryable = tablet.replicas.filter((replica) => {
    const isThere = isAlive(fe, replica.backendId) && !fe.avoidedBackends.has(replica.backendId);
    return !replica.bad && replica.version >= partition.visibleVersion && isThere;
  });
  if (queryable.length > 0) return queryable;
  const replicas = tablet.replicas.map(({ id, backendId, version }) => `${id}/${backendId}/${version}`).join(', ');
  throw new SqlError(
    1064,
    'HY000',
    `Failed to get scan range, no queryable replica found in tablet: ${tablet.id} ` +
      `replicas: [${replicas}], visible version: ${partition.visibleVersion}`,
  );
}
