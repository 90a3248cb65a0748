import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScript } from '../../../sandbox/starrocks/sql/parse.ts';
import { repositoryProperties } from '../../../src/adapters/starrocks/repository-properties.ts';
import { createRepository, withSecrets } from '../../../src/adapters/starrocks/statements.ts';
import type { PlanResult } from '../../../src/domain/plan.ts';
import type { RepositoryRow } from '../../../src/domain/topology.ts';
import { planCheckRepository } from '../../../src/operations/backup/check-repository/plan.ts';
import type { CreateRepositoryInput } from '../../../src/operations/backup/create-repository/input.ts';
import { planCreateRepository } from '../../../src/operations/backup/create-repository/plan.ts';
import { planDropRepository } from '../../../src/operations/backup/drop-repository/plan.ts';
import { planTakeOverRepository } from '../../../src/operations/backup/take-over-repository/plan.ts';
import { repository } from './deletion-lab.ts';

const keys = { accessKey: 'secret:sec_a', secretKey: 'secret:sec_b' };
const s3 = { endpoint: 'https://s3.example.org:9000', pathStyle: true, ...keys };
const given: CreateRepositoryInput = {
  ...{ clusterId: 'clu_1', name: 'nightly', location: 's3://backups/prod', readOnly: false, s3 },
};
const row: RepositoryRow = {
  ...{ name: 'nightly', isReadOnly: false, location: 's3://backups/prod', createdAt: null, errorMessage: null },
};
const nothing = { repositories: [], runMode: 'shared_nothing' };

function planned(result: PlanResult) {
  if ('refusals' in result) throw new Error(result.refusals.map(({ message }) => message).join('; '));
  return { ...result, kinds: result.steps.map(({ kind }) => kind), said: (result.notes ?? []).join(' | ') };
}
const refused = (result: PlanResult) =>
  'refusals' in result ? result.refusals.map(({ code, path }) => `${code} ${path?.slice(1).join('.')}`) : [];

describe('the plan of createRepository', () => {
  it('tries the store before StarRocks is asked, with references to the keys only', () => {
    const { kinds, steps, summary, said } = planned(planCreateRepository(given, nothing));
    expect(kinds).toEqual(['tryStore', 'makeRepository']);
    expect(summary).toBe('Create the repository nightly at s3://backups/prod');
    expect(steps[1]?.params).toMatchObject({
      access: { accessKeyRef: 'secret:sec_a', secretKeyRef: 'secret:sec_b' },
      s3: { endpoint: s3.endpoint, region: null, pathStyle: true },
      hdfs: null,
    });
    expect(JSON.stringify(steps[1]?.params)).not.toMatch(/accessKey"|secretKey"/);
    expect(said).toBe('');
  });

  it('says of a store without a key of its own, of a read-only one, and of shared data what it means', () => {
    const machines = { ...given, readOnly: true, s3: { region: 'eu-central-1', pathStyle: false } };
    const { kinds, said } = planned(planCreateRepository(machines, { ...nothing, runMode: 'shared_data' }));
    expect(kinds).toEqual(['makeRepository']);
    expect(said).toContain('__repo_info');
    expect(said).toContain('tried by StarRocks alone');
    expect(said).toContain('BACKUP is refused there');
  });

  it('of HDFS sends no S3', () => {
    const hdfs = { username: 'sr', password: 'secret:sec_p' };
    const plan = planned(
      planCreateRepository({ ...given, location: 'hdfs://nn:8020/b', s3: undefined, hdfs }, nothing),
    );
    expect(plan.kinds).toEqual(['makeRepository']);
    expect(plan.steps[0]?.params).toMatchObject({ s3: null, hdfs: { username: 'sr', passwordRef: 'secret:sec_p' } });
  });

  it.each<[string, Partial<CreateRepositoryInput>, RepositoryRow[], string[]]>([
    ['a name in use, even at the same place', {}, [row], ['ALREADY_EXISTS name']],
    ['a name in use elsewhere', {}, [{ ...row, location: 's3://x' }], ['ALREADY_EXISTS name']],
    ['a location that leads elsewhere', { location: 's3://backups/../x' }, [], ['INVALID_INPUT location']],
    ['wildcards', { location: 's3://backups/a*' }, [], ['INVALID_INPUT location']],
    ['keys in the location', { location: 's3://KEY:SECRET@backups/a' }, [], ['INVALID_INPUT location']],
    ['another kind of store', { location: 'abfss://c@a.dfs.core.windows.net/x' }, [], ['INVALID_INPUT location']],
    ['one key alone', { s3: { ...s3, secretKey: undefined } }, [], ['INVALID_INPUT s3']],
    ['no endpoint and no region', { s3: { ...keys, pathStyle: false } }, [], ['INVALID_INPUT s3']],
    ['S3 without a way to it', { s3: undefined }, [], ['INVALID_INPUT s3']],
    ['S3 with a user of HDFS', { hdfs: { username: 'sr' } }, [], ['INVALID_INPUT hdfs']],
    ['HDFS without a user', { location: 'hdfs://nn/x', s3: undefined }, [], ['INVALID_INPUT hdfs']],
    ['HDFS with S3', { location: 'hdfs://nn/x', hdfs: { username: 'sr' } }, [], ['INVALID_INPUT s3']],
  ])('refuses %s', (_, changes, repositories, refusals) => {
    expect(refused(planCreateRepository({ ...given, ...changes }, { ...nothing, repositories }))).toEqual(refusals);
  });
});

describe('the plan of takeOverRepository', () => {
  const wanted = { clusterId: 'clu_1', name: 'nightly' };

  it('takes place and kind from StarRocks, and tries only what it has a key to', () => {
    const readOnly = { ...row, isReadOnly: true };
    const without = planned(planTakeOverRepository(wanted, { mounted: readOnly, known: null }));
    expect(without.kinds).toEqual(['recordRepository']);
    expect(without.steps[0]?.params).toMatchObject({ location: row.location, readOnly: true, access: null });
    const withKey = planned(planTakeOverRepository({ ...wanted, s3 }, { mounted: row, known: null }));
    expect(withKey.kinds).toEqual(['tryStore', 'recordRepository']);
    expect(withKey.said).toContain('never touched');
  });

  it('says that a key is destroyed when it is taken over without one', () => {
    expect(planned(planTakeOverRepository(wanted, { mounted: row, known: repository })).said).toContain('is destroyed');
  });

  it('refuses what StarRocks does not have, and a key to what is no S3', () => {
    expect(refused(planTakeOverRepository(wanted, { mounted: null, known: repository }))).toEqual(['NOT_FOUND name']);
    const hdfs = { ...row, location: 'hdfs://nn/x' };
    expect(refused(planTakeOverRepository({ ...wanted, s3 }, { mounted: hdfs, known: null }))).toEqual([
      'INVALID_INPUT s3',
    ]);
  });
});

describe('the plan of dropRepository', () => {
  const facts = { mounted: row, known: repository, policies: [], backups: [], jobs: [] };
  const plan = (changes: Partial<Parameters<typeof planDropRepository>[1]>) =>
    planDropRepository({ name: 'nightly' }, { ...facts, ...changes });
  const backup = (state: 'AVAILABLE' | 'RUNNING' | 'SCHEDULED' | 'DELETING') => ({
    state,
    snapshot: 's1',
    database: 'sales',
  });

  it('forgets it where it is, and says that objects stay and what is lost', () => {
    const { kinds, steps, said } = planned(plan({ backups: [backup('AVAILABLE')] }));
    expect(kinds).toEqual(['forgetRepository']);
    expect(steps[0]?.params).toEqual({ name: 'nightly', location: row.location, readOnly: false });
    expect(said).toContain('Every object in s3://backups/prod stays where it is');
    expect(said).toContain('1 backup cannot be restored until');
    expect(said).toContain('is destroyed');
  });

  it('lets Starwarden forget what StarRocks does not have any more', () => {
    expect(planned(plan({ mounted: null })).said).toContain('only Starwarden forgets it');
    expect(refused(plan({ mounted: null, known: null }))).toEqual(['NOT_FOUND name']);
  });

  it.each([
    ['a policy', { policies: [{ name: 'weekly' }] }, 'the policy weekly'],
    ['a backup being made', { backups: [backup('RUNNING')] }, 'the backup s1 of sales (RUNNING)'],
    ['a backup that waits', { backups: [backup('SCHEDULED')] }, '(SCHEDULED)'],
    ['a backup being deleted', { backups: [backup('DELETING')] }, '(DELETING)'],
    ['a job of anybody', { jobs: ['sales.x (backup)'] }, 'the job sales.x (backup), which may be of this repository'],
  ])('refuses while %s needs it', (_, changes, by) => {
    const result = plan(changes);
    expect('refusals' in result ? result.refusals : []).toMatchObject([
      { code: 'PRECONDITION_FAILED', message: expect.stringContaining(by) },
    ]);
  });
});

it('the plan of checkRepository looks at what is under management only, and says when StarRocks alone is asked', () => {
  expect(refused(planCheckRepository('nightly', { known: null }))).toEqual(['NOT_FOUND name']);
  const { kinds, said } = planned(planCheckRepository('nightly', { known: { ...repository, access: null } }));
  expect(kinds).toEqual(['lookAtRepository']);
  expect(said).toContain('Only StarRocks is asked');
  expect(planned(planCheckRepository('nightly', { known: repository })).said).toBe('');
});

describe('CREATE REPOSITORY as StarRocks reads it', () => {
  const dialect = { newBackupClauses: true };
  const read = (text: string) => parseScript(text, dialect)[0]?.statement;
  const access = { accessKeyRef: 'secret:sec_a', secretKeyRef: 'secret:sec_b' };
  const place = { name: 'nightly', location: 's3://backups/prod' };
  const properties = repositoryProperties({
    s3: { endpoint: 'https://s3.example.org:9000', region: 'eu-central-1', pathStyle: true, keys: access },
    hdfs: null,
  });

  it('says where the store is and by which names StarRocks knows that', () => {
    const statement = createRepository({ ...place, readOnly: true, properties });
    expect(read(statement.text)).toEqual({
      ...{ kind: 'createRepository', broker: '', ...place, readOnly: true },
      properties: {
        'aws.s3.access_key': 'secret:sec_a',
        'aws.s3.secret_key': 'secret:sec_b',
        'aws.s3.endpoint': 'https://s3.example.org:9000',
        'aws.s3.region': 'eu-central-1',
        'aws.s3.enable_path_style_access': 'true',
      },
    });
  });

  it('names an instance profile where there is no key, and nothing at all for HDFS without a password', () => {
    const profile = repositoryProperties({
      s3: { endpoint: null, region: 'eu-west-1', pathStyle: false, keys: null },
      hdfs: null,
    });
    expect(profile.map(({ key }) => key)).toEqual(['aws.s3.use_instance_profile', 'aws.s3.region']);
    const hdfs = repositoryProperties({ s3: null, hdfs: { username: 'sr', passwordRef: null } });
    expect(hdfs).toEqual([{ key: 'username', value: 'sr' }]);
  });

  it('sends nothing when a key was not looked up', () => {
    const plain = createRepository({ ...place, readOnly: false, properties });
    expect(() => withSecrets(plain, new Map([['secret:sec_a', 'one']]))).toThrow('nobody has looked up a secret');
  });

  it('carries any key exactly, changes nothing else, and keeps it out of every message', () => {
    const key = fc.string({ unit: fc.constantFrom(...'aZ0\'"\\`;$&-+/= %{}secret:_b'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(key, key, (one, two) => {
        const plain = createRepository({ ...place, readOnly: false, properties });
        const sent = withSecrets(
          plain,
          new Map([
            ['secret:sec_a', one],
            ['secret:sec_b', two],
          ]),
        );
        const statement = read(sent.text);
        expect(statement).toMatchObject({
          ...{ kind: 'createRepository', ...place },
          properties: { 'aws.s3.access_key': one, 'aws.s3.secret_key': two, 'aws.s3.region': 'eu-central-1' },
        });
        expect(sent.secrets).toEqual(expect.arrayContaining([one, two]));
        expect(sent).not.toHaveProperty('secretRefs');
        expect(plain.text).toContain("'secret:sec_a'");
      }),
      {
        numRuns: 500,
        examples: [
          ['secret:sec_b', 'x'],
          ["'secret:sec_b'", '$&'],
          ['x', 'secret:sec_a'],
        ],
      },
    );
  });
});
