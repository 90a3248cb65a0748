import { expect, it } from 'vitest';
import { mistakesInPolicy, notesOnPolicy } from '../../../src/domain/backup/policy-rules.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { friday } from './catalogued.ts';

const template = templateOf({ repository: 'vault', databases: ['sales'] });

it('finds nothing wrong in the shipped template, and nothing to note where its databases exist', () => {
  expect(mistakesInPolicy(template)).toEqual([]);
  expect(notesOnPolicy(template, { databases: ['sales'], now: friday })).toEqual([]);
});

it('notes databases that do not exist, promises that the times cannot keep, and tiers that outlive their bases', () => {
  const [weekly, daily] = template.tiers;
  if (weekly === undefined || daily === undefined) throw new Error('the template has tiers');
  const tiers = [weekly, { ...daily, keep: [{ rule: 'AGE', hours: 8_760 } as const] }];
  expect(notesOnPolicy({ ...template, tiers, promiseHours: 6 }, { databases: [], now: friday })).toEqual([
    'There is no database sales on the cluster now; it is backed up once it exists.',
    'Up to 24 hours pass between two backups, more than the 6 hours that the policy promises.',
    'daily is kept longer than any full tier: the full backups that it needs stay as long as it does.',
  ]);
});

it('names every mistake with its place', () => {
  const wrong = { ...template, parallel: 0, promiseHours: 1.5, retentionCron: 'x', exceptDatabases: ['*'] };
  expect(mistakesInPolicy(wrong).map(({ path }) => path.join('.'))).toEqual([
    'exceptDatabases',
    'promiseHours',
    'parallel',
    'retentionCron',
  ]);
});
