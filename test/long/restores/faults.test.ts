import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import { repository } from '../../helpers/backup-world.ts';
import type { FaultLab } from '../../operations/backup/fault-lab.ts';
import { startLab } from '../../operations/restore/restore-lab.ts';
import { untilValue } from '../../sandbox/starrocks/helpers/cluster.ts';

/*
 * A node or the store fails in the middle of a restore. Each time the end is compared: the copy row by row, or that nothing of
 * it is left, and that what stands is as it was.
 */

const speed = 500;

let lab: FaultLab;
beforeAll(async () => {
  lab = await startLab({ frontends: 3, speed });
  await lab.fire('weekly');
}, 120_000);
afterEach(async () => {
  lab.world.cluster.setFaults([]);
  lab.world.s3.faults.clear();
  for (const node of stopped.splice(0)) node.start();
});
afterAll(() => lab?.close());

const stopped: { start(): void }[] = [];
let number = 0;
const begin = (timeoutSeconds = 10_000) => {
  number += 1;
  const target = `copy_${number}`;
  return lab.ask('restoreTables', {
    clusterId: lab.clusterId,
    database: 'shop',
    tables: ['orders', 'users'],
    target,
    timeoutSeconds,
  });
};
const leader = async () => lab.world.cluster.connect(await lab.world.cluster.leader());

/** One tablet takes two seconds of our time, which is long enough to see its job wait for it. */
const hold = (kind: 'snapshot-delay' | 'upload-delay') =>
  lab.world.cluster.setFaults([{ id: `held-${Date.now()}`, kind, ms: 2_000 * speed, times: 1 }]);

const comesTo = async ({ input }: Run, state: string) => {
  const sql = await leader();
  await untilValue(async () => {
    const [job] = await sql.query(`SHOW RESTORE FROM ${String(input.target)}`).catch(() => []);
    return job?.State === state ? job : null;
  }, `a restore in ${state}`);
};

async function expectSame(run: Run): Promise<void> {
  const ended = await lab.ended(run.id);
  expect([ended.state, ended.failure]).toEqual(['SUCCEEDED', null]);
  expect(ended.postCheck?.checks.every(({ observed }) => observed.startsWith('SAME: '))).toBe(true);
  const sql = await leader();
  for (const table of ['orders', 'users'])
    expect(await sql.query(`SELECT * FROM ${String(run.input.target)}.${table} ORDER BY id`)).toEqual(
      await sql.query(`SELECT * FROM shop.${table} ORDER BY id`),
    );
}

async function expectGone(run: Run, why: RegExp): Promise<void> {
  expect(await lab.ended(run.id)).toMatchObject({ state: 'FAILED', failure: { message: expect.stringMatching(why) } });
  const sql = await leader();
  const names = (await sql.query('SHOW DATABASES')).map((row) => Object.values(row)[0]);
  expect(names).not.toContain(run.input.target);
  expect((await sql.query('SELECT * FROM shop.orders')).length).toBe(2);
}

describe('a leader that is killed', () => {
  it.each([
    ['makes its snapshots', 'SNAPSHOTING', 'snapshot-delay'],
    ['downloads', 'DOWNLOADING', 'upload-delay'],
  ] as const)(
    'while its restore %s is followed by one that brings the same back',
    async (_what, state, kind) => {
      hold(kind);
      const run = await begin();
      await comesTo(run, state);
      const old = await lab.world.cluster.leader();
      await old.stop('SIGKILL');
      stopped.push(old);
      lab.world.cluster.setFaults([]);
      expect(await lab.world.cluster.leader()).not.toBe(old);
      await expectSame(run);
    },
    120_000,
  );
});

describe('a restore of which the data cannot be had', () => {
  const keysOf = async () => {
    const [backup] = await lab.engine.ctx.connections.catalogue.list({ clusterId: lab.clusterId });
    if (backup === undefined) throw new Error('there is no backup');
    const objects = await lab.world.objects(`${lab.world.root}/__ss_${backup.snapshot}/__ss_content/`);
    return objects.filter(({ key, bytes }) => key.includes('.dat') && bytes > 0).map(({ key }) => key);
  };

  it.each(['missing', 'damaged'])(
    'ends when an object is %s, and leaves nothing',
    async (what) => {
      const [key = ''] = await keysOf();
      const body = await lab.world.s3.inside.read(repository.bucket, key);
      if (what === 'missing') await lab.world.s3.inside.remove(repository.bucket, key);
      else await lab.world.s3.inside.flip(repository.bucket, key);
      try {
        // What StarRocks did not miss itself is found when the rows are read.
        await expectGone(await begin(600), /StarRocks gave the restore up: \[|sum-table .* was refused: .*missing/);
      } finally {
        await lab.world.s3.inside.put(repository.bucket, key, body);
      }
    },
    120_000,
  );

  it('ends when the disk of the backend is full, and leaves nothing', async () => {
    lab.world.cluster.setFaults([{ id: 'full', kind: 'disk-full' }]);
    await expectGone(await begin(600), /StarRocks gave the restore up: \[/);
  }, 120_000);
});

describe('a restore that cannot end', () => {
  it('is given up by StarRocks when its backend is killed, and leaves nothing', async () => {
    hold('upload-delay');
    const run = await begin();
    await comesTo(run, 'DOWNLOADING');
    const [backend] = lab.world.cluster.backends;
    await backend?.stop('SIGKILL');
    lab.world.cluster.setFaults([]);
    backend?.start();
    await expectGone(run, /StarRocks gave the restore up: \[TIMEOUT|without|another version/);
  }, 120_000);

  it('goes through again afterwards', async () => {
    await expectSame(await begin());
  }, 120_000);
});
