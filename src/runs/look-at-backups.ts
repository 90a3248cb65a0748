import type { BackupPolicy } from '../domain/backup/policy.ts';
import { findRecoveryPoints, type RecoveryPoint } from '../domain/backup/recovery-point.ts';
import { planRetention } from '../domain/backup/retention.ts';
import { isSystemDatabase } from '../domain/system-databases.ts';
import { AppError } from '../errors.ts';
import {
  observeRetention,
  type RetentionFacts,
  readDatabases,
  whyNotArmed,
} from '../operations/backup/deletion/observe.ts';
import type { Reading } from '../operations/define.ts';
import type { Engine } from './engine.ts';

/** How long people wait for a cluster before they are told what is known without it. */
const lookMs = 8_000;

type Looks = Pick<Engine, 'connections'>;

/**
 * What retention makes of a policy's backups now. When the cluster does not answer, nothing would be deleted, and a
 * blocker says so.
 */
export async function lookAtRetention({ connections }: Looks, policy: BackupPolicy): Promise<RetentionFacts> {
  const { id: policyId, clusterId } = policy;
  const reading = connections.reading(clusterId, AbortSignal.timeout(lookMs));
  try {
    const facts = await observeRetention({ clusterId, policyId }, reading);
    if (facts !== null) return facts;
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    const backups = await reading.catalogue.listCatalogued({ clusterId });
    const unknown = { origin: null, databases: null, whyUnreachable: () => null };
    const plan = planRetention({ policy, backups, ...unknown, now: reading.now() });
    const blockers = [
      ...whyNotArmed(policy),
      `The cluster could not be looked at, so nothing would be deleted: ${error.message}`,
    ];
    return { policy, plan, blockers };
  }
  throw new AppError('NOT_FOUND', `${policy.name} was removed`, { hint: 'Query backupPolicies.' });
}

/** The names of the databases that stand on a cluster, without those of StarRocks itself; null = it does not answer. */
export async function lookAtDatabases({ connections }: Looks, clusterId: string): Promise<readonly string[] | null> {
  return askDatabases(connections.reading(clusterId, AbortSignal.timeout(lookMs)));
}

/** How far back each database of a cluster can go. */
export async function lookAtRecovery(
  { connections }: Looks,
  { clusterId, policies }: { clusterId: string; policies: readonly BackupPolicy[] },
): Promise<readonly RecoveryPoint[]> {
  const reading = connections.reading(clusterId, AbortSignal.timeout(lookMs));
  const databases = await askDatabases(reading);
  const backups = await reading.catalogue.listCatalogued({ clusterId });
  return findRecoveryPoints({ databases, backups, policies, now: reading.now() });
}

async function askDatabases({ sql, signal }: Pick<Reading, 'sql' | 'signal'>): Promise<readonly string[] | null> {
  try {
    return (await readDatabases(sql, signal)).filter((name) => !isSystemDatabase(name) && name !== 'mysql');
  } catch (error) {
    if (error instanceof AppError && error.code !== 'STORE_UNAVAILABLE') return null;
    throw error;
  }
}
