import { describe, expect, it } from 'vitest';
import type { ObjectReader } from '../../../src/adapters/object-store/port.ts';
import type { SqlRow } from '../../../src/adapters/starrocks/port.ts';
import type { Backup, Verification } from '../../../src/domain/backup/backup.ts';
import { AppError } from '../../../src/errors.ts';
import { verifyListed } from '../../../src/operations/backup/verify/verify-listed.ts';
import { verifyObjects } from '../../../src/operations/backup/verify/verify-objects.ts';
import type { EngineContext, Ports } from '../../../src/steps/define.ts';
import { backup as catalogued } from '../../domain/backup/catalogued.ts';
import { objectsOf } from '../../helpers/objects.ts';
import { buildSnapshot, keyWith, snapshotName } from '../../helpers/snapshots.ts';

const params = { database: 'sales', repository: 'nightly', backupId: 'bak_1' };
const start = new Date('2026-11-27T12:00:00Z');
const { timestamp } = snapshotName;
const listed = { Snapshot: 'sales_1', Timestamp: timestamp, Status: 'OK' };

type Stand = {
  readonly backup?: Partial<Backup>;
  readonly checks?: readonly Verification[];
  readonly rows?: () => Promise<readonly SqlRow[]>;
  readonly objects?: () => Promise<ObjectReader>;
  /** Where the repository is now, as StarRocks and Starwarden know it. */
  readonly movedTo?: string;
  /** How long the step has been tried. */
  readonly triedMs?: number;
};

/** Only what these kinds may reach. */
function portsOf(some: Readonly<Record<string, unknown>>): Ports {
  return some as Ports;
}

function stand({ backup, checks = [], rows, objects, triedMs, movedTo = 's3://backups' }: Stand) {
  const row = catalogued('bak_1', 0, { snapshot: 'sales_1', backupTimestamp: timestamp, ...backup });
  const catalogue = {
    find: async (id: string) => (id === row.id ? row : null),
    listChecks: async () => checks,
    readObjectSums: async () => null,
    findRepository: async () => ({ location: movedTo }),
  };
  const mounted = [{ RepoName: 'nightly', IsReadOnly: 'false', Location: movedTo }];
  const sql = {
    query: async ({ name }: { name: string }) => (name === 'show-repositories' ? mounted : ((await rows?.()) ?? [])),
  };
  const ports = portsOf({ catalogue, sql, objects: objects ?? (async () => objectsOf(new Map())) });
  const context: EngineContext = {
    ...{ runId: 'run_1', clusterId: 'clu_1', signal: new AbortController().signal, attempts: 1, applied: false },
    ...{ waitingLanes: 0, log: () => undefined, earlier: async () => null },
    startedAt: triedMs === undefined ? null : start,
    now: () => new Date(start.getTime() + (triedMs ?? 0)),
  };
  return {
    listed: async () => await verifyListed.apply(params, ports, context),
    check: async () => await verifyListed.check(params, ports, context),
    held: async () => await verifyObjects.apply({ ...params, readGib: 1 }, ports, context),
  };
}

const answered = (row: SqlRow) => stand({ rows: async () => [row] }).listed();

describe('that a repository lists a snapshot', () => {
  it('passes with its timestamp and status', async () => {
    expect(await answered(listed)).toMatchObject({
      state: 'done',
      facts: { passed: true },
      records: [{ record: 'backupChecked', backupId: 'bak_1', level: 'L0', passed: true }],
    });
  });

  it.each([
    [
      'without a timestamp',
      { ...listed, Timestamp: '', Status: 'ERROR: no snapshot' },
      /does not list sales_1: ERROR: no snapshot/,
    ],
    ['under another timestamp', { ...listed, Timestamp: '2026-01-01-00-00-00-000' }, /and not 2026-11-27/],
    [
      'while its manifest is being written',
      { ...listed, Timestamp: 'Invalid: __info_1.part' },
      /does not list sales_1/,
    ],
  ])('fails %s, and the result is kept with the failure', async (_what, row, message) => {
    expect(await answered(row)).toMatchObject({
      state: 'blocked',
      code: 'BACKUP_DAMAGED',
      message: expect.stringMatching(message),
      records: [{ record: 'backupChecked', passed: false }],
    });
  });

  it('tells nothing of a backup that was made where the repository is not any more', async () => {
    const rows = async () => [{ ...listed, Timestamp: '', Status: 'ERROR: no snapshot' }];
    const told = { state: 'done', records: [{ passed: null, message: expect.stringContaining('s3://other') }] };
    expect(await stand({ rows, movedTo: 's3://other' }).listed()).toMatchObject(told);
    expect(await stand({ movedTo: 's3://other' }).held()).toMatchObject(told);
  });

  it('is asked again while the repository cannot be read, and tells nothing after ten minutes', async () => {
    const rows = async () => [{ ...listed, Timestamp: null, Status: 'ERROR: Failed to get info: no route to host' }];
    await expect(stand({ rows, triedMs: 599_000 }).listed()).rejects.toMatchObject({ retryable: true });
    expect(await stand({ rows, triedMs: 600_000 }).listed()).toMatchObject({
      state: 'done',
      facts: { passed: null },
      records: [{ passed: null, message: expect.stringMatching(/could not be asked: .*no route to host/) }],
    });
  });

  it('tells nothing at once when the answer would not change, as without the privilege or without the repository', async () => {
    const rows = async () => {
      throw new AppError('SQL_PRIVILEGE_MISSING', 'you need REPOSITORY');
    };
    expect(await stand({ rows }).listed()).toMatchObject({ state: 'done', facts: { passed: null } });
  });

  it('is no result when Starwarden itself fails', async () => {
    const rows = async () => {
      throw new AppError('STORE_UNAVAILABLE', 'away', { retryable: true });
    };
    await expect(stand({ rows, triedMs: 900_000 }).listed()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('is not looked at again in a run that has found it, and again in one that has found it missing', async () => {
    const check = { level: 'L0', at: start, runId: 'run_1', message: 'as it was', objects: null, bytes: null } as const;
    expect(await stand({ checks: [{ ...check, passed: true }] }).check()).toMatchObject({ state: 'done' });
    expect(await stand({ checks: [{ ...check, passed: null }] }).check()).toMatchObject({ state: 'done' });
    expect(await stand({ checks: [{ ...check, passed: false }] }).check()).toEqual({ state: 'todo' });
    expect(await stand({ checks: [{ ...check, passed: true, runId: 'run_2' }] }).check()).toEqual({ state: 'todo' });
  });
});

describe('the objects of a backup', () => {
  it('are remembered when they are all there for the first time', async () => {
    const { objects } = buildSnapshot();
    const answer = await stand({ objects: async () => objectsOf(objects) }).held();
    expect(answer).toMatchObject({ state: 'done', records: [{ level: 'L1', passed: true, objects: 17 }] });
    expect(answer).toHaveProperty('records.0.remembered.size', 3);
  });

  it('fail it when some are missing, and nothing is remembered', async () => {
    const { objects } = buildSnapshot();
    objects.delete(keyWith(objects, '101.hdr'));
    const answer = await stand({ objects: async () => objectsOf(objects) }).held();
    expect(answer).toMatchObject({ state: 'blocked', code: 'BACKUP_DAMAGED', records: [{ passed: false }] });
    expect(answer).not.toHaveProperty('records.0.remembered');
  });

  it('fail it when the manifest is gone', async () => {
    const answer = await stand({}).held();
    expect(answer).toMatchObject({ state: 'blocked', message: expect.stringMatching(/holds no manifest of sales_1/) });
  });

  it.each([
    ['is not under management', 'NOT_FOUND'],
    ['is reached by StarRocks alone', 'OBJECT_STORE_NO_ACCESS'],
    ['refuses the key, which ran out in the middle', 'OBJECT_STORE_KEY_REFUSED'],
  ] as const)('tell nothing when the repository %s', async (_what, code) => {
    const objects = async () => {
      throw new AppError(code, 'not now');
    };
    expect(await stand({ objects }).held()).toMatchObject({ state: 'done', records: [{ passed: null }] });
  });

  it('are asked for again for ten minutes when the store does not answer', async () => {
    const objects = async () => {
      throw new AppError('OBJECT_STORE_UNREACHABLE', 'nobody there', { retryable: true });
    };
    await expect(stand({ objects, triedMs: 1_000 }).held()).rejects.toMatchObject({ retryable: true });
    expect(await stand({ objects, triedMs: 3_600_000 }).held()).toMatchObject({ records: [{ passed: null }] });
  });

  it('say nothing against it when it is deleted meanwhile', async () => {
    for (const state of ['DELETING', 'DELETED'] as const)
      expect(await stand({ backup: { state } }).held()).toMatchObject({ state: 'done', records: [{ passed: null }] });
  });

  it('are none where nothing had changed', async () => {
    expect(await stand({ backup: { snapshot: null } }).held()).toMatchObject({
      state: 'done',
      facts: { passed: null },
    });
  });
});
