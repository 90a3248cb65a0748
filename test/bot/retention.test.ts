import { expect, it } from 'vitest';
import { retentionView } from '../../src/bot/views/retention.ts';
import { planRetention } from '../../src/domain/backup/retention.ts';
import { backup, day, friday, hour } from '../domain/backup/catalogued.ts';
import { policy } from '../operations/backup/deletion-lab.ts';

it('a plan of retention says in words what goes, what stays, and that nothing is done', () => {
  const unarmed = { ...policy, armed: null };
  const plan = planRetention({
    policy: unarmed,
    backups: [backup('b1', hour), backup('b2', 7 * day), backup('b3', 40 * day), backup('old', 90 * day)],
    origin: '1700000001',
    databases: new Set(['sales']),
    whyUnreachable: () => null,
    now: friday,
  });
  const { text, blocks } = retentionView({ policy: unarmed, plan, blockers: ['nightly is not armed'] });
  expect(text).toBe('nightly would delete 1 backup and keep 3.');
  const shown = JSON.stringify(blocks);
  expect(shown).toContain('*Nothing is deleted now*: nightly is not armed');
  expect(shown).toContain('2026-08-29 12:00 UTC, FULL, 1 MB: no rule of weekly keeps it any more');
  expect(shown).toContain('2026-10-18 12:00 UTC, FULL: the newest one older than 4 weeks (weekly)');
  expect(shown).not.toMatch(/bak_|bpl_/);
});
