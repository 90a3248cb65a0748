import type { Backup as BackupRow } from '../domain/backup/backup.ts';
import { repositoryOf } from './Repository.ts';
import type { RequestContext } from './request-context.ts';

export const Backup = {
  cluster: (backup: BackupRow, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(backup.clusterId),
  run: (backup: BackupRow, _: unknown, { loaders }: RequestContext) => loaders.run.load(backup.runId),
  repositoryNow: (backup: BackupRow, _: unknown, context: RequestContext) =>
    repositoryOf({ clusterId: backup.clusterId, name: backup.repository }, context),
  base: (backup: BackupRow, _: unknown, { loaders }: RequestContext) =>
    backup.baseId === null ? null : loaders.backup.load(backup.baseId),
  dependents: (backup: BackupRow, _: unknown, { loaders }: RequestContext) =>
    loaders.dependentsOfBackup.load(backup.id),
  verifications: (backup: BackupRow, _: unknown, { loaders }: RequestContext) =>
    loaders.verificationsOfBackup.load(backup.id),
};
