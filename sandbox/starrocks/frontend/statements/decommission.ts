import { done } from '../../mysql/packets.ts';
import { executionError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { availableBackends } from '../data/placement.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { type ClusterState, change, type Worker } from '../meta/state.ts';
import { parseHostPort } from './addresses.ts';
import { findWorker } from './workers.ts';

export const decommissionHandlers: Handlers<'decommission' | 'cancelDecommission'> = {
  decommission: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    await fe.group.update((state) => {
      const named = statement.addresses.map((address) => requireBackend(fe, state, address));
      const leaving = named.filter((worker) => !worker.decommissioned);
      if (leaving.length > 0) refuseUnsafe(fe, state, leaving);
      return {
        changes: leaving.map((one) => change('workers', one.id, { ...one, decommissioned: true })),
        value: null,
      };
    });
    return done();
  }),

  cancelDecommission: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    await fe.group.update((state) => {
      const named = statement.addresses.map((address) => requireBackend(fe, state, address));
      const leaving = named.filter((worker) => worker.decommissioned);
      return {
        changes: leaving.map((one) => change('workers', one.id, { ...one, decommissioned: false })),
        value: null,
      };
    });
    return done();
  }),
};

function requireBackend(fe: FrontendContext, state: ClusterState, text: string): Worker {
  const address = parseHostPort(text);
  const found = findWorker(state, 'BACKEND', address);
  if (!found) throw executionError(fe.release, `Backend does not exist[${address.host}:${address.port}]`);
  return found;
}

/** Free space first (dead backends count), then the number of backends that stay. */
function refuseUnsafe(fe: FrontendContext, state: ClusterState, leaving: Worker[]): void {
  const leavingIds = new Set(leaving.map(({ id }) => id));
  const staying = [...state.workers.values()].filter((one) => {
    return one.kind === 'BACKEND' && !leavingIds.has(one.id) && !one.decommissioned;
  });
  const sum = (workers: Worker[], field: 'usedBytes' | 'availableBytes') =>
    workers.flatMap((worker) => worker.disks).reduce((total, disk) => total + disk[field], 0);
  if (sum(staying, 'availableBytes') < sum(leaving, 'usedBytes')) {
    throw executionError(fe.release, 'It will cause insufficient disk space if these BEs are decommissioned.');
  }
  const left = availableBackends(state).filter(({ id }) => !leavingIds.has(id)).length;
  const greedy = [...state.partitions.values()].sort((a, b) => b.replicationNum - a.replicationNum)[0];
  if (!greedy || greedy.replicationNum <= left) return;
  const table = state.tables.get(String(greedy.tableId));
  const db = state.databases.get(String(table?.dbId));
  throw executionError(
    fe.release,
    'It will cause insufficient BE number if these BEs are decommissioned ' +
      `because the table ${db?.name}.${table?.name} requires ${greedy.replicationNum} replicas.`,
  );
}
