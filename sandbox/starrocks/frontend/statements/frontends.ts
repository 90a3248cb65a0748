import { done } from '../../mysql/packets.ts';
import { executionError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { createIds } from '../meta/ids.ts';
import { type ClusterState, change, type Frontend } from '../meta/state.ts';
import { parseHostPort, resolveHostPort } from './addresses.ts';

/** ALTER SYSTEM ADD, DROP and MODIFY of frontends. */
export const frontendHandlers: Handlers<'addFrontend' | 'dropFrontend' | 'moveFrontend'> = {
  addFrontend: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    const { host, port } = await resolveHostPort(fe, statement.address);
    await fe.group.update((state) => {
      if (findByHost(state, host)) throw executionError(fe.release, `FE with the same host: ${host} already exists`);
      const ids = createIds(state);
      const frontend = newFrontend({ id: ids.next(), host, editLogPort: port, role: statement.role, joined: false });
      return { changes: [change('frontends', frontend.name, frontend), ids.change()], value: null };
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
    refuseAddressChange(fe, statement.from, statement.to);
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

export function refuseAddressChange(fe: FrontendContext, from: string, to: string): void {
  const isAddress = (host: string) => /^[\d.]+$/.test(host);
  if (isAddress(from) && isAddress(to)) throw executionError(fe.release, "Can't change ip to ip");
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
