import { parseBackends } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { dropBackend, showBackends } from '../../../adapters/starrocks/statements.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import type { BackendRow } from '../../../domain/topology.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { type LeavingNode, leavingNode, removedRecord } from './leaving-node.ts';
import { noteLeaving } from './note-leaving.ts';

/**
 * Sees that the emptied backend is out of the cluster, and drops it where the leader does not (with
 * `drop_backend_after_decommission` false). Without FORCE, and only while it is being decommissioned and holds no tablet.
 */
export const dropDrained = defineStep({
  kind: 'dropDrained',
  params: leavingNode,
  about: nodeSubject,
  effect: 'changes',
  needs: { noted: [noteLeaving] },
  ports: ['sql'],
  timeoutMs: 120_000,
  settleMs: 10_000,
  repeat: 'safe', // a backend that is gone is not dropped again
  bindsNext: true, // the process of a backend that has left does not go on
  pointOfNoReturn: true,
  describe: ({ label }) => `See that ${label} is out of the cluster, and drop it if StarRocks has not`,
  check: async (leaving, { sql }, { signal, found }) => {
    const row = await readRow(sql, leaving, signal);
    if (row === null)
      return {
        state: 'done',
        records: [removedRecord(leaving, { noted: found.noted, processEnded: null })],
      };
    const why = whyNotDrop(row, leaving.label);
    if (why !== null)
      return {
        state: 'blocked',
        code: 'REPLICATION_AT_RISK',
        message: why,
        hint: 'Look at SHOW BACKENDS, then retry the run.',
      };
    return { state: 'todo' };
  },
  apply: async (leaving, { sql }, { signal }) => {
    const row = await readRow(sql, leaving, signal);
    if (row === null) return;
    const why = whyNotDrop(row, leaving.label);
    if (why !== null) throw new AppError('REPLICATION_AT_RISK', why, { hint: 'Look at SHOW BACKENDS.' });
    await sql.query(dropBackend({ host: leaving.host, port: leaving.port, force: false }), { signal });
  },
  undo: { nothing: 'It held nothing any more; addBackends or addRunningNodes brings it back.' },
});

function whyNotDrop({ tabletCount, decommissioning }: BackendRow, label: string): string | null {
  if (!decommissioning) return `${label} is not being decommissioned any more, so it is not dropped`;
  return tabletCount === 0 ? null : `${label} holds ${count(tabletCount, 'tablet')} again, so it is not dropped`;
}

async function readRow(sql: SqlReader, { host, port }: LeavingNode, signal: AbortSignal): Promise<BackendRow | null> {
  const rows = parseBackends(await sql.query(showBackends(), { signal, route: 'leader' }));
  return rows.find((row) => row.host === host && row.heartbeatPort === port) ?? null;
}
