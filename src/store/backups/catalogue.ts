import type { BackupCatalogue } from '../../domain/backup/catalogue.ts';
import type { Reader } from '../database.ts';
import { findBackup, findBackupOfRun, listKeptBackups } from './backups.ts';
import { listCatalogued } from './catalogued.ts';
import { listChecks } from './checks.ts';
import { readContent } from './content.ts';
import { readObjectSums } from './object-sums.ts';
import { findPolicy, listPolicies } from './policy-rows.ts';
import { findRepository, listRepositories } from './repository-rows.ts';

/** The catalogue that steps and plans use, on MySQL. Given a `Reader`, so that it cannot write. */
export function makeCatalogue(db: Reader): BackupCatalogue {
  return {
    findOfRun: (runId, database) => findBackupOfRun(db, runId, database),
    find: (id) => findBackup(db, id),
    list: (of) => listKeptBackups(db, of),
    listCatalogued: (of) => listCatalogued(db, of),
    readContent: (backupId) => readContent(db, backupId),
    listChecks: (backupId) => listChecks(db, backupId),
    readObjectSums: (backupId) => readObjectSums(db, backupId),
    findPolicy: (id) => findPolicy(db, id),
    listPolicies: (clusterId) => listPolicies(db, clusterId),
    findRepository: (clusterId, name) => findRepository(db, clusterId, name),
    listRepositories: (clusterId) => listRepositories(db, clusterId),
  };
}
