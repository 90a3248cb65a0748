import { nodeLabel } from '../../domain/node-identity.ts';
import { balanceKeys, type FrontendBalancing } from '../../domain/tablets/balancing.ts';
import { AppError } from '../../errors.ts';
import { readFrontendValues } from './frontend-config.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { readTopology } from './read-topology.ts';

/**
 * Every frontend with its own values. One that does not answer says nothing; the leader has to answer. Needs OPERATE.
 * Throws what the port throws.
 */
export async function readBalancing(sql: SqlReader, call: SqlCall = {}): Promise<readonly FrontendBalancing[]> {
  const { frontends } = await readTopology(sql, call, { waitMs: 0 });
  return Promise.all(
    frontends.map(async ({ host, editLogPort: port, queryPort, role, alive: isAlive }) => {
      const isLeader = role === 'LEADER';
      const named = { label: nodeLabel({ kind: 'FRONTEND', host, port }), isLeader, isAlive };
      const route = { host, port: queryPort };
      const values = isAlive
        ? await readFrontendValues(sql, 'tablet_sched_disable_%', { ...call, route }).catch((error: unknown) => {
            if (!isLeader && error instanceof AppError && error.code === 'SQL_UNREACHABLE') return {};
            throw error;
          })
        : {};
      return { ...named, isOn: isOn(values, balanceKeys.balance), isColocateOn: isOn(values, balanceKeys.colocate) };
    }),
  );
}

function isOn(values: Readonly<Record<string, string>>, key: string): boolean | null {
  const value = values[key];
  return value === undefined ? null : value.trim().toLowerCase() !== 'true';
}
