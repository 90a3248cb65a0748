import type { Reading } from '../../../adapters/reading.ts';
import { parseFrontends } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showDatabases, showFrontends } from '../../../adapters/starrocks/statements.ts';
import { type Reach, whyUnreachable } from '../../../domain/backup/deletion.ts';
import type { BackupPolicy } from '../../../domain/backup/policy.ts';
import { policyHash } from '../../../domain/backup/policy-rules.ts';
import { planRetention, type RetentionPlan } from '../../../domain/backup/retention.ts';
import { compareVersions, parseVersion } from '../../../domain/version.ts';

type Access = Pick<Reading, 'sql' | 'catalogue' | 'now' | 'signal'>;

/** What a cluster says of itself that decides about deletion. */
export type ClusterFacts = {
  /** The cluster's own id; null = its frontends do not agree on one. */
  readonly origin: string | null;
  readonly hasDropSnapshot: boolean;
};

/** The first release that takes `DROP SNAPSHOT`. */
const firstWithDropSnapshot = parseVersion('4.2.0');

export async function readClusterFacts(sql: SqlReader, signal: AbortSignal): Promise<ClusterFacts> {
  const frontends = parseFrontends(await sql.query(showFrontends(), { signal }));
  const ids = new Set(frontends.map(({ clusterId }) => clusterId));
  const [origin = ''] = ids;
  const versions = frontends.filter(({ alive }) => alive).map(({ version }) => parseVersion(version?.release ?? ''));
  const isNew = (version: ReturnType<typeof parseVersion>) =>
    version !== null && firstWithDropSnapshot !== null && compareVersions(version, firstWithDropSnapshot) >= 0;
  return {
    origin: ids.size === 1 && origin !== '' ? origin : null,
    hasDropSnapshot: versions.length > 0 && versions.every(isNew),
  };
}

export async function readDatabases(sql: SqlReader, signal: AbortSignal): Promise<readonly string[]> {
  // One column, whose name depends on the version.
  return (await sql.query(showDatabases(), { signal })).map((row) => Object.values(row)[0] ?? '');
}

export async function readReach(
  clusterId: string,
  { sql, catalogue, signal }: Pick<Access, 'sql' | 'catalogue' | 'signal'>,
): Promise<ClusterFacts & { reach: Reach }> {
  const facts = await readClusterFacts(sql, signal);
  const repositories = await catalogue.listRepositories(clusterId);
  return { ...facts, reach: { repositories, hasDropSnapshot: facts.hasDropSnapshot } };
}

export type RetentionFacts = {
  readonly policy: BackupPolicy;
  readonly plan: RetentionPlan;
  /** Why the plan may not be carried out, in sentences; empty = it may. */
  readonly blockers: readonly string[];
};

/**
 * Looks at a policy, its cluster and its backups, and decides what retention deletes; of one database, or of all. Null =
 * there is no such policy of this cluster.
 */
export async function observeRetention(
  which: { clusterId: string; policyId: string; database?: string; exceptRunId?: string },
  access: Access,
): Promise<RetentionFacts | null> {
  const { clusterId, policyId, ...rest } = which;
  const policy = await access.catalogue.findPolicy(policyId);
  if (policy === null || policy.clusterId !== clusterId) return null;
  const { origin, reach } = await readReach(clusterId, access);
  const plan = planRetention({
    policy,
    backups: await access.catalogue.listCatalogued({ clusterId, ...rest }),
    origin,
    databases: new Set(await readDatabases(access.sql, access.signal)),
    whyUnreachable: (backup) => whyUnreachable(backup, reach),
    now: access.now(),
  });
  return { policy, plan, blockers: [...whyNotArmed(policy), ...whatIsOutOfReach(plan, origin)] };
}

/** Why a policy may not delete; empty = it is armed for what it says. */
export function whyNotArmed({ name, armed, content }: BackupPolicy): readonly string[] {
  if (armed === null) return [`${name} is not armed: a person has to agree to what it says first`];
  return armed.contentHash === policyHash(content) ? [] : [`${name} was changed after it was armed`];
}

function whatIsOutOfReach(plan: RetentionPlan, origin: string | null): readonly string[] {
  if (origin === null) return ['The frontends do not agree on the id of the cluster, so nothing is deleted'];
  const reasons = plan.keep.flatMap(({ because }) =>
    because.length === 1 && because[0]?.rule === 'UNREACHABLE' ? [because[0].message] : [],
  );
  return [...new Set(reasons)].map((reason) => `Some backups would be deleted, but ${reason}`);
}
