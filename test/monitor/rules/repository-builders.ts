import type { Repository } from '../../../src/domain/backup/repository.ts';
import type { RepositoryRow } from '../../../src/domain/topology.ts';
import type { Parts } from '../../../src/monitor/read-parts.ts';
import { node, seen } from './builders.ts';

export const access = {
  ...{ endpoint: 'https://s3.example.org', region: null, pathStyle: true },
  ...{ accessKeyRef: 'secret:sec_1', secretKeyRef: 'secret:sec_2' },
};

export function repository(changes: Partial<Repository> = {}): Repository {
  return {
    ...{ id: 'rpy_1', clusterId: 'clu_1', name: 'nightly', location: 's3://backups/prod', kind: 'S3', readOnly: false },
    ...{ origin: 'CREATED', access, checkedAt: null, problem: null, usedBytes: null, freeBytes: null },
    ...changes,
  };
}

/** A look at a cluster with one repository under management. */
export function withRepository(row: Partial<RepositoryRow> | null, changes: Partial<Repository> = {}): Parts {
  const listed = {
    name: 'nightly',
    isReadOnly: false,
    location: 's3://backups/prod',
    createdAt: null,
    errorMessage: null,
  };
  const watched = [{ repository: repository(changes), row: row === null ? null : { ...listed, ...row } }];
  return { ...seen([node()]), repositories: { watched, checked: null } };
}
