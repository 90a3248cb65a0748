import { done } from '../../mysql/packets.ts';
import type { WorkerKind } from '../../sql/ast.ts';
import { analysisError, executionError, SqlError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { singleReplicaTables } from '../data/placement.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { createIds } from '../meta/ids.ts';
import { type Change, type ClusterState, change, type Worker } from '../meta/state.ts';
import { type HostPort, parseHostPort, resolveHostPort } from './addresses.ts';
import { refuseAddressChange } from './frontends.ts';

const onlyWarehouse = 'default_warehouse';

/** ALTER SYSTEM ADD, DROP and MODIFY of backends and compute nodes. */
export const workerHandlers: Handlers<'addWorkers' | 'dropWorkers' | 'moveBackend' | 'labelBackend' | 'changeDisks'> = {
  addWorkers: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    requireWarehouse(fe, statement.warehouse);
    const addresses = await Promise.all(statement.addresses.map((address) => resolveHostPort(fe, address)));
    await fe.group.update((state) => {
      refuseExisting(fe, state, addresses);
      const ids = createIds(state);
      const added = addresses.map((address) => newWorker(ids.next(), statement.worker, address));
      return { changes: [...added.map((worker) => change('workers', worker.id, worker)), ids.change()], value: null };
    });
    return done();
  }),

  dropWorkers: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    const addresses = statement.addresses.map(parseHostPort);
    if (!fe.release.atLeast(3, 3)) {
      for (const address of addresses) requireWorker(fe, fe.group.state, statement.worker, address);
    }
    for (const address of addresses) {
      await fe.group.update((state) => ({ changes: dropOne(fe, state, statement, address), value: null }));
    }
    return done();
  }),

  moveBackend: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    await refuseAddressChange(statement.from, statement.to);
    await fe.group.update((state) => {
      const found = [...state.workers.values()].filter(
        ({ host, kind }) => host === statement.from && kind === 'BACKEND',
      );
      if (found.length === 0) throw executionError(fe.release, `backend [${statement.from}] not found`);
      return { changes: found.map((one) => change('workers', one.id, { ...one, host: statement.to })), value: null };
    });
    return done();
  }),

  labelBackend: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    const unsupported = Object.keys(statement.properties).find((key) => key !== 'labels.location');
    if (unsupported !== undefined) throw analysisError(`unsupported property: ${unsupported}`);
    const asked = statement.properties['labels.location'] ?? '';
    if (asked !== '' && !/^\s*[a-z_0-9]+\s*:\s*[a-z_0-9]+\s*$/.test(asked))
      throw analysisError(`invalid location format: ${asked}, should be like: 'key:val'`);
    // Blanks are taken, and not kept.
    const location = asked.replaceAll(/\s/g, '');
    const address = parseHostPort(statement.address);
    await fe.group.update((state) => {
      const found = findWorker(state, 'BACKEND', address);
      if (!found) throw executionError(fe.release, `backend [${statement.address}] not found`);
      return { changes: [change('workers', found.id, { ...found, location })], value: null };
    });
    return done();
  }),

  /** In a shared-nothing cluster they are words of the grammar and nothing else. */
  changeDisks: onLeader(({ session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    throw analysisError('not support');
  }),
};

export function findWorker(state: ClusterState, kind: WorkerKind, { host, port }: HostPort): Worker | null {
  const found = [...state.workers.values()].find(
    (one) => one.kind === kind && one.host === host && one.heartbeatPort === port,
  );
  return found ?? null;
}

function dropOne(
  fe: FrontendContext,
  state: ClusterState,
  statement: { worker: WorkerKind; warehouse: string | null; force: boolean },
  address: HostPort,
): Change[] {
  const worker = requireWorker(fe, state, statement.worker, address);
  if (statement.warehouse !== null && statement.warehouse !== onlyWarehouse) {
    const what = statement.worker === 'BACKEND' ? 'backend' : 'compute node';
    throw executionError(
      fe.release,
      `${what} [${address.host}:${address.port}] does not exist in warehouse ${statement.warehouse}`,
    );
  }
  const lonely = worker.kind === 'BACKEND' && !statement.force ? singleReplicaTables(state, worker.id) : [];
  if (lonely.length > 0) {
    const tables = lonely.join(', ');
    throw executionError(
      fe.release,
      `Tables such as [${tables}] on the backend[${address.host}:${address.port}] have only one replica. ` +
        `To avoid data loss, please change the replication_num of [${tables}] to three. ` +
        'ALTER SYSTEM DROP BACKEND <backends> FORCE can be used to forcibly drop the backend. ',
    );
  }
  return [change('workers', worker.id, null)];
}

function requireWorker(fe: FrontendContext, state: ClusterState, kind: WorkerKind, address: HostPort): Worker {
  const found = findWorker(state, kind, address);
  if (found) return found;
  const what = kind === 'BACKEND' ? 'backend' : 'compute node';
  throw executionError(fe.release, `${what} does not exists[${address.host}:${address.port}]`);
}

/** Backends and compute nodes share one namespace of addresses. */
function refuseExisting(fe: FrontendContext, state: ClusterState, addresses: HostPort[]): void {
  for (const { host, port } of addresses) {
    const existing = findWorker(state, 'BACKEND', { host, port }) ?? findWorker(state, 'COMPUTE NODE', { host, port });
    if (!existing) continue;
    const what = existing.kind === 'BACKEND' ? 'Backend' : 'Compute node';
    throw executionError(fe.release, `${what} already exists with same host ${host} and port ${port}`);
  }
}

function requireWarehouse(fe: FrontendContext, warehouse: string | null): void {
  if (warehouse === null || warehouse === onlyWarehouse) return;
  throw new SqlError(fe.release.atLeast(3, 5) ? 5901 : 10001, '42000', `Warehouse name: ${warehouse} not exist.`);
}

function newWorker(id: number, kind: WorkerKind, { host, port }: HostPort): Worker {
  return {
    id,
    kind,
    host,
    heartbeatPort: port,
    bePort: -1,
    httpPort: -1,
    brpcPort: -1,
    alive: false,
    status: 'CONNECTING',
    startedAt: null,
    lastHeartbeatAt: null,
    decommissioned: false,
    errMsg: '',
    version: '',
    cpuCores: 0,
    memLimitBytes: 0,
    disks: [],
    runningQueries: 0,
    tabletsReportedAt: null,
    location: '',
  };
}
