import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Repository } from '../../../src/domain/backup/repository.ts';
import { readIdOfUnmanaged, seeRepositories } from '../../../src/domain/backup/seen-repository.ts';
import { withoutKeys } from '../../../src/domain/backup/store-location.ts';
import type { RepositoryRow } from '../../../src/domain/topology.ts';
import { newId } from '../../../src/ids.ts';
import { repository } from '../../operations/backup/deletion-lab.ts';
import { friday } from './catalogued.ts';

const row: RepositoryRow = {
  ...{ name: 'nightly', isReadOnly: false, location: 's3://backups', createdAt: null, errorMessage: null },
};
const problem = { code: 'OBJECT_STORE_KEY_REFUSED', message: 'The store refused the key', since: friday };

function see(managed: Partial<Repository> | null, rows: readonly RepositoryRow[] | null) {
  const [seen] = seeRepositories({
    clusterId: 'clu_1',
    managed: managed === null ? [] : [{ ...repository, ...managed }],
    rows,
  });
  if (seen === undefined) throw new Error('nothing is seen');
  return seen;
}

describe('the health of a repository', () => {
  const heard = { code: 'SQL_FAILED', message: 'StarRocks says of nightly: timeout', since: friday };
  it.each<[string, Partial<Repository>, readonly RepositoryRow[] | null, string, string | null]>([
    ['is well when nothing is said against it', {}, [row], 'WELL', null],
    ['is not known when the cluster does not tell', {}, null, 'UNKNOWN', null],
    ['stays bad when the cluster does not tell', { problem }, null, 'UNHEALTHY', null],
    ['is bad by our own try alone', { problem }, [row], 'UNHEALTHY', null],
    ['is well again when StarRocks takes back what a try had heard from it', { problem: heard }, [row], 'WELL', null],
    ['is bad when StarRocks has lost it', {}, [], 'UNHEALTHY', 'StarRocks has no repository nightly any more'],
    [
      'is bad when the name is another place by now',
      {},
      [{ ...row, location: 's3://other' }],
      'UNHEALTHY',
      'nightly is at s3://other by now, and was at s3://backups',
    ],
    [
      'is bad by what StarRocks says',
      {},
      [{ ...row, errorMessage: '2026-11-27: timeout' }],
      'UNHEALTHY',
      'StarRocks says of nightly: 2026-11-27: timeout',
    ],
  ])('%s', (_, managed, rows, health, starRocksError) => {
    expect(see(managed, rows)).toMatchObject({ health, starRocksError, origin: 'CREATED' });
  });
});

it('shows what somebody made by hand, under an id that leads back to it', () => {
  const clusterId = newId('clu');
  const rows = [row, { ...row, name: 'By_Hand', location: 'hdfs://nn:8020/x', isReadOnly: true }];
  const seen = seeRepositories({ clusterId, managed: [repository], rows });
  expect(seen.map(({ name, origin, kind }) => [name, origin, kind])).toEqual([
    ['By_Hand', 'UNMANAGED', 'HDFS'],
    ['nightly', 'CREATED', 'S3'],
  ]);
  expect(seen[0]).toMatchObject({ isReadOnly: true, isReachedDirectly: false, health: 'WELL', checkedAt: null });
  expect(readIdOfUnmanaged(seen[0]?.id ?? '')).toEqual({ clusterId, name: 'By_Hand' });
  expect(readIdOfUnmanaged(newId('rpy'))).toBeNull();
  expect(readIdOfUnmanaged(`rpy_${clusterId}_a/b`)).toBeNull();
});

describe('keys in a location', () => {
  const byHand = 's3a://AKIA123:wJal/rX+K7@backups/prod';

  it('are shown nowhere, not of one made by hand nor in what StarRocks says of it', () => {
    const errorMessage = `cannot list ${byHand}: 403`;
    const seen = see(null, [{ ...row, location: byHand, errorMessage }]);
    const moved = see({ location: byHand }, [{ ...row, location: 's3a://KEY2:other@elsewhere/x' }]);
    const told = see({ problem: { ...problem, message: errorMessage } }, null);
    for (const shown of [seen, moved, told])
      expect(JSON.stringify(shown)).not.toMatch(/AKIA123|wJal|KEY2|other@|secret:/);
    expect(seen.location).toBe('s3a://***@backups/prod');
  });

  it.each([
    's3://backups/prod-eu',
    'hdfs://namenode:8020/backups/a@b',
    'wasbs://container@account.blob.core.windows.net/x',
    'http://[::1]:9000/x',
  ])('are not seen in %s', (text) => {
    expect(withoutKeys(text)).toBe(text);
  });

  it('are taken out whatever they are made of', () => {
    const signs = fc.string({ unit: fc.constantFrom(...'aZ09/+=:-_%'), minLength: 8, maxLength: 40 });
    fc.assert(
      fc.property(signs, (secret) => {
        fc.pre(/[A-Za-z]/.test(secret[0] ?? ''));
        expect(withoutKeys(`s3a://AKIA:${secret}@bucket/x`)).toBe('s3a://***@bucket/x');
      }),
    );
  });
});
