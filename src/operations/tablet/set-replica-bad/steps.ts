import { z } from 'zod';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readTableReplicas } from '../../../adapters/starrocks/read-table-replicas.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { setReplicaBad } from '../../../adapters/starrocks/statements.ts';
import { isWell, stayingBackends, type TableReplica, whyNotBad } from '../../../domain/tablets/replicas.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';

const tablet = z.object({
  database: z.string(),
  table: z.string(),
  tabletId: z.string(),
  /** As the cluster numbers it. */
  backendId: z.string(),
  replicaId: z.string(),
  nodeId: z.string(),
  label: z.string(),
  /** How many replicas the tablet has, this one included. */
  replicaCount: z.number(),
});
type Tablet = z.infer<typeof tablet>;

const ofDatabase = ({ database }: Tablet) => ({ kind: 'database', id: database, label: database }) as const;

/** Right before the statement goes, the other replicas are looked at once more. */
export const markReplicaBad = defineStep({
  kind: 'markReplicaBad',
  params: tablet,
  about: ofDatabase,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  settleMs: 15_000,
  repeat: 'safe', // the replica is known by its id, and one that was made anew has another
  describe: ({ tabletId, label }) => `Set the replica of tablet ${tabletId} on ${label} bad, which deletes it`,
  check: async (named, { sql }, { signal, attempts }) => {
    const own = await replicasOf(sql, named, signal);
    const replica = own.find(({ replicaId }) => replicaId === named.replicaId);
    if (replica !== undefined)
      return replica.isBad ? { state: 'done', facts: { replicas: own.length } } : { state: 'todo' };
    // Gone after it was sent: StarRocks has deleted it already.
    if (attempts > 0) return { state: 'done', facts: { replicas: own.length } };
    const { code, message, hint } = isGone(named);
    return { state: 'blocked', code, message, hint: hint ?? '' };
  },
  apply: async (named, { sql }, { signal }) => {
    const { backends } = await readTopology(sql, { signal, route: 'leader' }, { waitMs: 0 });
    const own = await replicasOf(sql, named, signal);
    // The statement names a tablet and a backend: what was made anew there must not be hit.
    if (!own.some(({ replicaId }) => replicaId === named.replicaId)) throw isGone(named);
    const why = whyNotBad(own, { ...named, staying: stayingBackends(backends) });
    if (why !== null) throw new AppError(why.code, why.message, { hint: 'Nothing was sent. Repair the table first.' });
    await sql.query(setReplicaBad(named), { signal, route: 'leader', timeoutMs: 60_000 });
    const after = (await replicasOf(sql, named, signal)).find(({ replicaId }) => replicaId === named.replicaId);
    if (after === undefined || after.isBad) return { state: 'done', facts: { replicas: own.length } };
  },
  undo: { impossible: 'StarRocks deletes a bad replica; it makes another one from those that are well' },
});

export const awaitTabletWhole = defineStep({
  kind: 'awaitTabletWhole',
  params: tablet.extend({ timeoutMinutes: z.number() }),
  about: ofDatabase,
  effect: 'waits',
  ports: ['sql'],
  timeoutMs: ({ timeoutMinutes }) => timeoutMinutes * 60_000,
  repeat: 'safe',
  describe: ({ tabletId }) => `Wait until tablet ${tabletId} has all its replicas again`,
  check: async (named, { sql }, { signal }) => {
    const own = await replicasOf(sql, named, signal);
    const well = own.filter(isWell).length;
    const wanted = named.replicaCount;
    if (well >= wanted && well === own.length) return { state: 'done', facts: { replicas: well } };
    return {
      state: 'moving',
      progress: {
        completed: well,
        total: wanted,
        message: `tablet ${named.tabletId} has ${well} of ${wanted} replicas that are well`,
      },
      wakeAfterMs: 2_000,
    };
  },
  undo: { nothing: 'It only waits.' },
});

function isGone({ tabletId, label }: Tablet): AppError {
  return new AppError('PRECONDITION_FAILED', `The replica of tablet ${tabletId} on ${label} is gone already`, {
    hint: 'There is nothing to be set bad. Look at ADMIN SHOW REPLICA STATUS of the table.',
  });
}

async function replicasOf(sql: SqlReader, named: Tablet, signal: AbortSignal): Promise<readonly TableReplica[]> {
  const all = await readTableReplicas(sql, named, { signal });
  const own = (all ?? []).filter(({ tabletId }) => tabletId === named.tabletId);
  if (own.length > 0) return own;
  throw new AppError('PRECONDITION_FAILED', `Tablet ${named.tabletId} of ${named.database}.${named.table} is gone`, {
    hint: 'The table was dropped, or its partition was replaced. There is nothing to repair.',
  });
}
