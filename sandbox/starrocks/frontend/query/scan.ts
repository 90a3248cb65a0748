import type { Cell } from '../../mysql/packets.ts';
import { SqlError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';
import { callBackend, isAlive } from '../data/backends.ts';
import { partitionsOf } from '../data/placement.ts';
import type { Partition, Table, Tablet } from '../meta/state.ts';

/** All rows of a table, each tablet read from an alive replica that has the visible version. */
export async function scanTable(fe: FrontendContext, table: Table, signal?: AbortSignal): Promise<Cell[][]> {
  requireAnyBackend(fe);
  const parts: Cell[][][] = [];
  for (const partition of partitionsOf(fe.group.state, table.id)) {
    const tablets = partition.tablets.map((tablet) => scanTablet(fe, partition, tablet, signal));
    parts.push(...(await Promise.all(tablets)));
  }
  return parts.flat();
}

export function requireAnyBackend(fe: FrontendContext): void {
  const someAlive = [...fe.group.state.workers.values()].some(({ alive }) => alive);
  if (someAlive) return;
  const list = [...fe.group.state.workers.values()].map(({ host }) => `[${host} alive: false, inBlacklist: false]`);
  throw new SqlError(
    1064,
    'HY000',
    `Backend node not found. Check if any backend node is down.${list.map((one) => ` backend: ${one}`).join('')}`,
  );
}

async function scanTablet(
  fe: FrontendContext,
  partition: Partition,
  tablet: Tablet,
  signal?: AbortSignal,
): Promise<Cell[][]> {
  if (partition.visibleVersion === 1) requireReplica(fe, partition, tablet);
  const request = { tabletId: tablet.id, version: partition.visibleVersion };
  let lastError: unknown = null;
  for (const { backendId } of requireReplica(fe, partition, tablet)) {
    try {
      return (await callBackend(fe, backendId, 'scan', request, signal)).rows;
    } catch (error) {
      if (signal?.aborted) throw error;
      lastError = error;
    }
  }
  throw new SqlError(1064, 'HY000', `Backend node not found. Check if any backend node is down. ${String(lastError)}`);
}

function requireReplica(fe: FrontendContext, partition: Partition, tablet: Tablet) {
  const queryable = tablet.replicas.filter((replica) => {
    return !replica.bad && replica.version >= partition.visibleVersion && isAlive(fe, replica.backendId);
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
