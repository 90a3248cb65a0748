import { expect, it } from 'vitest';
import { type BackupsData, backupOverview } from '../../src/bot/views/backups.ts';
import type { RecoveryPoint } from '../../src/domain/backup/recovery-point.ts';
import { backup, friday, hour } from '../domain/backup/catalogued.ts';
import { failed, good, part, passed, policy } from '../monitor/rules/backup-builders.ts';

const point = (database: string, changes: Partial<RecoveryPoint> = {}): RecoveryPoint => ({
  ...{ database, backup: null, at: new Date(friday.getTime() - 9 * hour), ageMs: 9 * hour },
  ...{ promiseMs: 30 * hour, isKept: true, notCovered: [] },
  ...changes,
});

function show(changes: Partial<BackupsData> = {}) {
  const data = { clusterName: 'prod-eu', now: friday, points: [point('sales')], backups: [good('1', 9)], leftOut: 0 };
  const message = backupOverview({ ...data, policies: [policy], parts: [part], ...changes });
  const blocks = message.blocks ?? [];
  const lines = blocks.flatMap((block) =>
    block.type === 'section'
      ? (block.text?.text ?? '').split('\n')
      : block.type === 'context'
        ? block.elements.flatMap((each) => ('text' in each ? [each.text] : []))
        : [],
  );
  return { text: message.text, blocks, lines, all: lines.join('\n') };
}

it('shows how far a database can go back, its days, and what comes next', () => {
  const { all, text } = show({
    backups: [
      good('1', 9, { sizeBytes: 1_288_490_189 }),
      good('2', 33, { kind: 'INCREMENTAL', sizeBytes: 1_024, checks: [{ ...passed, level: 'L0' }] }),
      good('3', 35, { kind: 'INCREMENTAL', sizeBytes: 1_024, checks: [{ ...passed, level: 'L0' }] }),
    ],
  });
  expect(all).toMatch(/\*sales\*: can go back to .*, 9 h old, promised 30 h, kept/);
  expect(all).toContain('2026-11-27: 1 full 1.2 GiB whole');
  expect(all).toContain('2026-11-26: 2 incremental 2.0 KiB listed');
  expect(all).toContain('12 days before: none');
  expect(all).toMatch(
    /\*Policy\* `nightly`: all databases into `nightly`, at most 30 hours old; weekly \(full\) \*has no schedule\*, daily \(incremental\) next /,
  );
  expect(all).toContain('retention is not armed and deletes nothing');
  expect(text).toBe(
    'prod-eu: 1 database, 0 without a verified backup, 0 outside of what is promised; 1 backup policy.',
  );
});

it('says in words whatever is not well', () => {
  const { all } = show({
    points: [
      point('sales', { at: null, ageMs: null, isKept: false, notCovered: ['No backup policy covers it.'] }),
      point('stock', { ageMs: 40 * hour, isKept: false }),
    ],
    backups: [
      backup('1', hour),
      good('2', 2, { state: 'BROKEN', checks: [] }),
      good('3', 3, { state: 'BROKEN', checks: [failed] }),
      good('4', 4, { state: 'PARTIAL' }),
      good('5', 5, { state: 'DELETED' }),
      good('6', 0, { state: 'RUNNING', checks: [] }),
    ],
    parts: [
      { ...part, state: 'PAUSED' },
      { ...part, part: 'weekly', dueAt: new Date(friday.getTime() - hour) },
    ],
  });
  expect(all).toContain('*sales*: *NO VERIFIED BACKUP*, promised 30 h');
  expect(all).toMatch(/\*stock\*: can go back to .* 40 h old, promised 30 h, \*NOT KEPT\*/);
  expect(all).toContain('Not covered: No backup policy covers it.');
  for (const word of [
    '*not verified*',
    '*BROKEN*',
    '*NOT WHOLE*',
    '*PARTIAL*',
    'deleted since',
    'goes on',
    '*paused*',
    '*due since*',
  ])
    expect(all).toContain(word);
});

it('says that nothing is backed up by itself where there is no policy', () => {
  expect(show({ policies: [], parts: [] }).all).toContain('There is *no backup policy*');
});

it('cuts a long list honestly, and stays within what Slack takes', () => {
  const points = Array.from({ length: 32 }, (_, n) => point(`db_${String(n).padStart(2, '0')}`));
  const backups = points.flatMap(({ database }) =>
    Array.from({ length: 56 }, (_, n) => good(`${database}_${n}`, n * 6, { database })),
  );
  const { blocks, all } = show({ points, backups, leftOut: 7 });
  expect(blocks.length).toBeLessThanOrEqual(50);
  expect(JSON.stringify(blocks).length).toBeLessThan(20_000);
  const shown = [...all.matchAll(/\*db_\d\d\*/g)].length;
  expect(shown).toBeGreaterThan(5);
  expect(all).toContain(`… and ${32 - shown} more databases.`);
  expect(all).toContain('7 older backups of these days are not shown.');
  for (const block of blocks) if (block.type === 'section') expect(block.text?.text.length).toBeLessThanOrEqual(3_000);
});

it('shows no text of others as anything but text', () => {
  const { all } = show({ points: [point('<!channel> *x*')], backups: [] });
  expect(all).toContain('&lt;!channel&gt;');
});
