import { describe, expect, it } from 'vitest';
import type { DatabaseState } from '../../../src/domain/backup/content.ts';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import type { Chosen } from '../../../src/operations/backup/take/choose-objects.ts';
import { recordContent } from '../../../src/operations/backup/take/record-content.ts';
import type { EngineContext, Ports } from '../../../src/steps/define.ts';
import { backup, day } from '../../domain/backup/catalogued.ts';
import { objectsOf } from '../../helpers/objects.ts';
import { buildSnapshot, snapshotName } from '../../helpers/snapshots.ts';

const jobMadeAt = new Date(1_795_772_314_376);
const minutesBefore = (minutes: number) => new Date(jobMadeAt.getTime() - minutes * 60_000);
const part = (name: string, id: number, version = 2) => ({ name, id, version, isTemporary: false });
const seen: DatabaseState = {
  tables: [
    { id: 10, name: 'parted', type: 'TABLE', schema: 's', partitions: [part('p1', 20), part('p2', 21)] },
    { id: 12, name: 'orders', type: 'TABLE', schema: 's', partitions: [part('orders', 22)] },
    { id: null, name: 'v1', type: 'VIEW', schema: 'v', partitions: [] },
    { id: 16, name: 'elsewhere', type: 'TABLE', schema: 's', partitions: [part('elsewhere', 30)] },
  ],
};
const named = (...names: readonly string[]) =>
  names.map((name) => ({ name, type: 'TABLE' as const, partitions: null }));

/** Only what the step may reach. */
function portsOf(some: Readonly<Record<string, unknown>>): Ports {
  return some as Ports;
}

async function ended(rest: Partial<Chosen>, base: CataloguedBackup | null = null) {
  const chosen: Chosen = {
    ...{ backupId: 'own', kind: 'FULL', snapshot: snapshotName.snapshot, leftOut: [], foreign: [] },
    ...{ objects: named('parted', 'orders', 'v1'), lookedAt: jobMadeAt.toISOString() },
    ...rest,
  };
  const own = backup('own', 0, { kind: chosen.kind, baseId: chosen.kind === 'FULL' ? null : 'base', state: 'RUNNING' });
  const catalogue = {
    find: async () => own,
    listCatalogued: async () => (base === null ? [own] : [base, own]),
    readContent: async () => ({ held: { tables: [] }, database: seen }),
  };
  const row = { Snapshot: snapshotName.snapshot, Timestamp: snapshotName.timestamp, Status: 'OK' };
  const sql = { query: async ({ name }: { name: string }) => (name === 'show-snapshot' ? [row] : []) };
  const context: EngineContext = {
    ...{ runId: 'run_1', clusterId: 'clu_1', signal: new AbortController().signal, attempts: 0, applied: false },
    ...{ waitingLanes: 0, log: () => undefined, startedAt: null, now: () => jobMadeAt },
    earlier: async () => ({ kind: 'chooseObjects', facts: JSON.parse(JSON.stringify(chosen)) }),
  };
  const ports = portsOf({ sql, catalogue, objects: async () => objectsOf(buildSnapshot().objects) });
  const applied = await recordContent.apply({ database: 'sales', repository: 'nightly' }, ports, context);
  const [record] = applied?.state === 'done' || applied?.state === 'blocked' ? (applied.records ?? []) : [];
  if (record?.record !== 'backupEnded') throw new Error('it did not end');
  return { state: applied?.state, ended: record.ended };
}

describe('what is recorded of a backup', () => {
  it('is that one that names what it takes is of the moment of the look, and one that takes everything of its job', async () => {
    const looked = { lookedAt: minutesBefore(240).toISOString() };
    const incremental = await ended({ kind: 'INCREMENTAL', ...looked }, backup('base', day));
    expect(incremental.ended).toMatchObject({ state: 'AVAILABLE', snapshotAt: minutesBefore(240) });
    const later = { kind: 'INCREMENTAL', lookedAt: minutesBefore(-5).toISOString() } as const;
    expect((await ended(later, backup('base', day))).ended).toMatchObject({ snapshotAt: jobMadeAt });
    expect((await ended({ ...looked, objects: null })).ended).toMatchObject({ snapshotAt: jobMadeAt });
  });

  it.each<[string, Partial<Chosen>]>([
    ['took what had changed', {}],
    ['had nothing to take', { snapshot: null, objects: [] }],
  ])('is that it cannot be restored from when its base was deleted meanwhile and it %s', async (_what, rest) => {
    expect(await ended({ kind: 'INCREMENTAL', ...rest }, backup('base', day, { state: 'DELETING' }))).toMatchObject({
      state: 'blocked',
      ended: { state: 'BROKEN', problem: expect.stringContaining('base that it is based on cannot be restored from') },
    });
    expect((await ended({ kind: 'INCREMENTAL', ...rest })).ended).toMatchObject({ state: 'BROKEN' });
  });

  it('names tables that were not asked for, functions that a named BACKUP leaves out, and what none holds', async () => {
    const { notHeld } = (await ended({})).ended;
    expect(notHeld).toContain('Tables: elsewhere');
    expect(notHeld).toContainEqual(expect.stringMatching(/^Functions/));
    expect(notHeld).toContainEqual(expect.stringMatching(/^Users, roles and grants/));
  });
});
