import type { ObjectStore, StoredObject } from '../../../src/adapters/object-store/port.ts';
import type { SqlRow } from '../../../src/adapters/starrocks/port.ts';
import type { BackupCatalogue } from '../../../src/domain/backup/catalogue.ts';
import type { BackupPolicy } from '../../../src/domain/backup/policy.ts';
import { policyHash } from '../../../src/domain/backup/policy-rules.ts';
import type { Repository } from '../../../src/domain/backup/repository.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import type { InventoryRecord } from '../../../src/domain/inventory.ts';
import { AppError } from '../../../src/errors.ts';
import type { AnyStepKind, EarlierStep, EngineContext, Ports } from '../../../src/steps/define.ts';
import { friday } from '../../domain/backup/catalogued.ts';

/** A cluster, its history and a repository on paper: what deletion sees of them, and what it does to them. */
export type DeletionLab = ReturnType<typeof makeDeletionLab>;

export const content = templateOf({ repository: 'nightly', databases: ['sales'] });

export const policy: BackupPolicy = {
  id: 'bpl_1',
  clusterId: 'clu_1',
  name: 'nightly',
  content,
  owner: { id: 'per_1', name: 'Ana' },
  armed: { contentHash: policyHash(content), byId: 'per_2', byName: 'Ben', at: friday },
  revision: 1,
  createdAt: friday,
  changedAt: friday,
};

export const repository: Repository = {
  id: 'rpy_1',
  clusterId: 'clu_1',
  name: 'nightly',
  location: 's3://backups',
  kind: 'S3',
  readOnly: false,
  origin: 'CREATED',
  access: { endpoint: null, region: null, pathStyle: true, accessKeyRef: 'secret:a', secretKeyRef: 'secret:b' },
  ...{ checkedAt: null, problem: null, usedBytes: null, freeBytes: null },
};

export function makeDeletionLab() {
  const lab = {
    backups: new Map<string, CataloguedBackup>(),
    objects: new Map<string, StoredObject>(),
    policy: policy as BackupPolicy | null,
    repository,
    version: '3.5.0',
    origins: ['1700000001'],
    databases: ['sales', 'information_schema'],
    restores: [] as readonly SqlRow[],
    jobs: [] as readonly SqlRow[],
    /** Where StarRocks has the repository; null = nowhere. */
    mountedAt: repository.location as string | null,
    /** What SHOW SNAPSHOT lists. */
    listed: new Set<string>(),
    /** Of how many removed objects the bucket keeps older versions. */
    keepsVersions: false,
    /** What the cluster answers to a statement that changes something; null = well. */
    refusal: null as AppError | null,
    /** Sent statements that change something, and keys in the order in which they were removed. */
    sent: [] as string[],
    removed: [] as string[],
    /** Called before each removal of keys. */
    beforeRemoval: (_keys: readonly string[]): void => {},
    onDrop: (_snapshot: string): void => {},
    put: (key: string, at: Date = friday) => void lab.objects.set(key, { key, size: 10, etag: '', modifiedAt: at }),
    add: (...added: readonly CataloguedBackup[]) => {
      for (const backup of added) lab.backups.set(backup.id, backup);
    },
    write: (records: readonly InventoryRecord[]) => {
      for (const record of records) {
        const backup = 'backupId' in record ? lab.backups.get(record.backupId) : undefined;
        if (backup === undefined) throw new Error(`no row for ${record.record}`);
        const state = record.record === 'backupDeleting' ? 'DELETING' : 'DELETED';
        const deletedBecause = 'because' in record ? record.because : null;
        lab.backups.set(backup.id, { ...backup, state, deletedBecause });
      }
    },
  };
  const earlier: EarlierStep[] = [];

  const query = async ({ name, text }: { name: string; text: string }): Promise<readonly SqlRow[]> => {
    if (name === 'show-databases') return lab.databases.map((Database) => ({ Database }));
    if (name === 'show-restore') return lab.restores;
    if (name === 'show-backup') return lab.jobs;
    if (name === 'show-repositories')
      return lab.mountedAt === null ? [] : [{ RepoName: 'nightly', IsReadOnly: 'false', Location: lab.mountedAt }];
    if (name === 'show-snapshot') {
      const snapshot =
        /SNAPSHOT = '(\w+)'|SNAPSHOT = "(\w+)"/
          .exec(text)
          ?.slice(1)
          .find((part) => part) ?? '';
      return lab.listed.has(snapshot)
        ? [{ Snapshot: snapshot, Timestamp: '2026-08-29-03-00-00-000', Status: 'OK' }]
        : [{ Snapshot: snapshot, Timestamp: '', Status: 'ERROR: no snapshot' }];
    }
    if (name === 'show-frontends')
      return lab.origins.map((ClusterId, at) => ({
        ...{
          Name: `fe${at}`,
          IP: '10.0.0.1',
          EditLogPort: '9010',
          HttpPort: '8030',
          QueryPort: '9030',
          RpcPort: '9020',
        },
        ...{ Role: at === 0 ? 'LEADER' : 'FOLLOWER', ClusterId, Join: 'true', Alive: 'true', ReplayedJournalId: '1' },
        ...{ LastHeartbeat: null, ErrMsg: '', StartTime: null, Version: lab.version },
      }));
    lab.sent.push(text.replace(/\s+/g, ' '));
    lab.onDrop(text);
    if (lab.refusal !== null) throw lab.refusal;
    return [];
  };

  lab.put('__repo_info');
  const store: Partial<ObjectStore> = {
    head: async (key) => lab.objects.get(key) ?? null,
    list: async function* (prefix) {
      for (const key of [...lab.objects.keys()].sort()) {
        const object = lab.objects.get(key);
        if (object !== undefined && key.startsWith(prefix)) yield object;
      }
    },
    removeOfSnapshot: async (snapshot, keys) => {
      if (keys.some((key) => !key.startsWith(`__ss_${snapshot}/`))) throw new Error('a key of somebody else');
      lab.beforeRemoval(keys);
      for (const key of keys) {
        if (lab.objects.delete(key)) lab.removed.push(key);
      }
      return { removed: keys.length, versionsKept: lab.keepsVersions ? keys.length : 0 };
    },
  };

  const catalogue: Partial<BackupCatalogue> = {
    find: async (id) => lab.backups.get(id) ?? null,
    listCatalogued: async ({ database }) =>
      [...lab.backups.values()].filter(
        (backup) => backup.state !== 'DELETED' && (database === undefined || backup.database === database),
      ),
    findPolicy: async () => lab.policy,
    findRepository: async () => lab.repository,
    listRepositories: async () => [lab.repository],
  };

  const ports: Partial<Ports> = {
    sql: { query },
    objects: async () => store as ObjectStore,
    catalogue: catalogue as BackupCatalogue,
  };

  const context = (attempts: number): EngineContext => ({
    ...{ runId: 'run_9', clusterId: 'clu_1', signal: AbortSignal.timeout(5_000), now: () => friday, log: () => {} },
    ...{ startedAt: null, attempts, applied: false, waitingLanes: 0 },
    earlier: async (kinds) => earlier.findLast((step) => kinds.includes(step.kind)) ?? null,
  });

  /** What the runner does with a step: checks, records, acts, records. Throws what ends it. */
  const carryOut = async (kind: AnyStepKind, params: Parameters<AnyStepKind['check']>[0], attempts = 0) => {
    const check = await kind.check(params, ports as Ports, context(attempts));
    if (check.state === 'blocked') throw new AppError(check.code, check.message, { hint: check.hint });
    if (check.state === 'done') {
      earlier.push({ kind: kind.kind, facts: check.facts ?? null });
      return 'already';
    }
    lab.write(kind.recordsBefore(params));
    const applied = await kind.apply(params, ports as Ports, context(attempts + 1));
    if (applied?.state === 'done') lab.write(applied.records ?? []);
    return 'done';
  };

  const reading = { ...(ports as Ports), clusterId: 'clu_1', signal: AbortSignal.timeout(5_000), now: () => friday };
  return Object.assign(lab, { carryOut, reading });
}
