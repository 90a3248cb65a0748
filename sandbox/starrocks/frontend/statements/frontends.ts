import { lookup } from 'node:dns/promises';
import { done } from '../../mysql/packets.ts';
import { analysisError, executionError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { type ClusterState, change, type Frontend } from '../meta/state.ts';
import { parseHostPort, resolveHostPort } from './addresses.ts';

/** ALTER SYSTEM ADD, DROP and MODIFY of frontends. */
export const frontendHandlers: Handlers<'addFrontend' | 'dropFrontend' | 'moveFrontend'> = {
  addFrontend: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    const { host, port } = await resolveHostPort(fe, statement.address);
    await fe.group.update((state) => {
      if (findByHost(state, host)) throw executionError(fe.release, `FE with the same host: ${host} already exists`);
      const id = nextFrontendId(state);
      const frontend = newFrontend({ id, host, editLogPort: port, role: statement.role, joined: false });
      return { changes: [change('frontends', frontend.name, frontend)], value: null };
    });
    return done();
  }),

  dropFrontend: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    const { host, port } = parseHostPort(statement.address);
    if (host === fe.self.host && port === fe.self.editLogPort) {
      throw executionError(fe.release, 'can not drop current master node.');
    }
    await fe.group.update((state) => {
      const found = findByHost(state, host);
      if (!found || found.editLogPort !== port) {
        throw executionError(fe.release, `frontend does not exist[${host}:${port}]`);
      }
      if (found.role !== statement.role) {
        throw executionError(fe.release, `${statement.role} does not exist[${host}:${port}]`);
      }
      return { changes: [change('frontends', found.name, null)], value: null };
    });
    return done();
  }),

  moveFrontend: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    await refuseAddressChange(statement.from, statement.to);
    await fe.group.update((state) => {
      const found = findByHost(state, statement.from);
      if (!found) throw executionError(fe.release, `frontend [${statement.from}] not found`);
      if (found.name === fe.self.name) throw executionError(fe.release, 'can not modify current master node.');
      if (findByHost(state, statement.to)) {
        throw executionError(fe.release, `frontend with host [${statement.to}] already exists `);
      }
      return { changes: [change('frontends', found.name, { ...found, host: statement.to })], value: null };
    });
    return done();
  }),
};

/** Numbers of their own, from 1 on; the number of the newest one, dropped, goes to the next. */
function nextFrontendId(state: ClusterState): number {
  return Math.max(0, ...[...state.frontends.values()].map(({ id }) => id)) + 1;
}

/** The new name has to resolve before anybody looks whether there is a node with the old one. */
export async function refuseAddressChange(from: string, to: string): Promise<void> {
  const isAddress = (host: string) => /^[\d.]+$/.test(host);
  if (isAddress(from) && isAddress(to)) throw analysisError("Can't change ip to ip");
  if (!isAddress(to) && (await lookup(to, 4).catch(() => null)) === null) throw analysisError(`unknown host ${to}`);
}

function findByHost(state: ClusterState, host: string): Frontend | null {
  return [...state.frontends.values()].find((frontend) => frontend.host === host) ?? null;
}

type NewFrontend = Pick<Frontend, 'id' | 'host' | 'editLogPort' | 'role' | 'joined'>;

/** A frontend nobody has heard of yet: the NULL texts of SHOW FRONTENDS come from these values. */
export function newFrontend(given: NewFrontend): Frontend {
  return {
    ...given,
    name: `${given.host}_${given.editLogPort}_${Date.now()}`,
    isHelper: given.role === 'FOLLOWER',
    alive: false,
    queryPort: 0,
    rpcPort: 0,
    replayedJournalId: 0,
    lastHeartbeatAt: null,
    startedAt: null,
    errMsg: '',
    version: null,
  };
}
