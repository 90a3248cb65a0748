import { type QueryResult, type RootOperationNode, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/domain/access.ts';
import { startScheduleLoop } from '../../../src/jobs/schedules.ts';
import { lookAtEndedRun } from '../../../src/runs/schedules/ask-again.ts';
import { fireSchedule } from '../../../src/runs/schedules/fire.ts';
import { type Database, inTransaction, openDatabase } from '../../../src/store/database.ts';
import { listRuns } from '../../../src/store/reads/runs.ts';
import { wholeList } from '../../../src/store/reads/visibility.ts';
import { readRun } from '../../../src/store/runs/runs.ts';
import { listEndedRuns } from '../../../src/store/schedules/firings.ts';
import { findSchedule, setState } from '../../../src/store/schedules/schedules.ts';
import { approvalOf, type ScheduleLab, startScheduleLab } from './schedule-lab.ts';

/* Processes that die while they fire, connections that break, and loops that look at the same schedules. */

let lab: ScheduleLab;
let owner: Actor;

beforeAll(async () => {
  lab = await startScheduleLab();
  owner = await lab.person('kim', 'OPERATOR');
});
beforeEach(async () => {
  lab.now = new Date('2027-01-05T01:00:00Z');
  lab.whenObserved = async () => {};
  lab.toy.observed = 'calm';
  await lab.db.deleteFrom('schedule_firing').execute();
  await lab.db.deleteFrom('schedule').execute();
  await lab.db.updateTable('run').set({ state: 'SUCCEEDED' }).execute();
});
afterAll(() => lab?.close());

const deps = () => lab.engine.ctx.engine;
const allRuns = async () => listRuns(lab.db, { visibility: 'everywhere', filter: {}, page: wholeList });
const letClaimsEnd = () =>
  lab.db
    .updateTable('schedule')
    .set({ claimed_until: new Date(0) })
    .execute();
const end = async (change: { state: string; failure?: string }) =>
  lab.db.updateTable('run').set(change).where('state', '=', 'QUEUED').execute();

/** A database that answers `last` statements and then none, as if the process had died. */
function dyingAfter(db: Database, last: number): { db: Database; sent: () => number } {
  let sent = 0;
  const dying = db.withPlugin({
    transformQuery: ({ node }): RootOperationNode => {
      sent += 1;
      if (sent > last) throw new Error('the process has died');
      return node;
    },
    transformResult: async ({ result }): Promise<QueryResult<Record<string, unknown>>> => result,
  });
  return { db: dying, sent: () => sent };
}

it('a process may die at any statement: the time gets exactly one run, and the next one is written with it', async () => {
  const approver = await lab.person('lee', 'APPROVER');
  const clusterId = await lab.engine.addCluster('prod-dying', 'prod');
  const content = {
    operation: 'setCarefully',
    input: { clusterId, keys: ['a'] },
    cron: '0 2 * * *',
    timeZone: 'UTC',
    jitterSeconds: 0,
  };
  let isThrough = false;
  for (let last = 0; !isThrough; last += 1) {
    await lab.db.deleteFrom('schedule_firing').execute();
    await lab.db.deleteFrom('schedule').execute();
    await end({ state: 'SUCCEEDED' });
    lab.now = new Date('2027-01-03T01:00:00Z');
    const id = await lab.schedule({ owner, clusterId, ...content, approval: approvalOf(content, approver) });
    lab.now = new Date('2027-01-05T02:00:00Z');
    const before = (await allRuns()).length;
    const dying = dyingAfter(lab.db, last);
    await fireSchedule({ ...deps(), db: dying.db, holder: 'dying' }, id).catch(() => {});
    isThrough = dying.sent() <= last;
    const left = await lab.rowOf(id);
    // All or nothing: what was missed, the run and the next time are in one transaction.
    const { slotAt } = (await findSchedule(lab.db, id)) ?? {};
    expect([last, left.length, slotAt?.getUTCDate()]).toEqual(left.length === 0 ? [last, 0, 3] : [last, 2, 6]);
    await letClaimsEnd();
    await lab.fireAll({ ...deps(), holder: 'other' });
    expect([last, ...(await lab.firings(id))]).toEqual([last, '01-03T02:00 SKIPPED MISSED', '01-05T02:00 STARTED']);
    expect((await allRuns()).length).toBe(before + 1);
    expect(await findSchedule(lab.db, id)).toMatchObject({ slotAt: new Date('2027-01-06T02:00:00Z') });
  }
});

it('a process that slept past the end of its claim begins nothing, whatever the other one did', async () => {
  const id = await lab.schedule({ owner });
  lab.now = new Date('2027-01-05T02:00:00Z');
  const before = (await allRuns()).length;
  let slept = false;
  lab.whenObserved = async () => {
    if (slept) return;
    slept = true;
    await letClaimsEnd();
    await lab.fireAll({ ...deps(), holder: 'other' });
    await end({ state: 'SUCCEEDED' });
  };
  await fireSchedule({ ...deps(), holder: 'sleeper' }, id);
  expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED']);
  expect((await allRuns()).length).toBe(before + 1);
});

it('a connection that the server closes in the middle leaves nothing behind, and the time is fired after that', async () => {
  const id = await lab.schedule({ owner });
  lab.now = new Date('2027-01-05T02:00:00Z');
  const own = openDatabase({ url: lab.engine.ctx.config.databaseUrl, poolSize: 1 });
  const { rows } = await sql<{ id: number }>`SELECT CONNECTION_ID() AS id`.execute(own);
  const connection = sql.raw(String(rows[0]?.id));
  let inserts = 0;
  const cut = own.withPlugin({
    transformQuery: ({ node }): RootOperationNode => node,
    transformResult: async ({ result }): Promise<QueryResult<Record<string, unknown>>> => {
      // The claim and the first writes of the transaction: whatever was written by then has to be gone.
      if (result.insertId !== undefined && result.rows.length === 0) inserts += 1;
      if (inserts === 3) await sql`KILL ${connection}`.execute(lab.db);
      return result;
    },
  });
  const before = (await allRuns()).length;
  await fireSchedule({ ...deps(), db: cut, holder: 'cut' }, id).catch(() => {});
  await own.destroy();
  expect(inserts).toBe(3);
  expect(await lab.firings(id)).toEqual([]);
  expect(await findSchedule(lab.db, id)).toMatchObject({ slotAt: new Date('2027-01-05T02:00:00Z') });
  await letClaimsEnd();
  await lab.fireAll();
  expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED']);
  expect((await allRuns()).length).toBe(before + 1);
});

it('two loops on one database fire each time of many schedules once', async () => {
  const ids = await Promise.all(
    Array.from({ length: 12 }, (_, index) => lab.schedule({ owner, name: `n${index}`, cron: `${index * 5} * * * *` })),
  );
  const before = (await allRuns()).length;
  const loops = ['one', 'two'].map((holder) => startScheduleLoop({ ...deps(), holder }, { everyMs: 5 }));
  for (let minute = 0; minute < 180; minute += 15) {
    lab.now = new Date(Date.UTC(2027, 0, 5, 1, minute));
    for (const loop of loops) loop.wake();
    await until(
      async () =>
        (await lab.db.selectFrom('schedule').select('id').where('due_at', '<=', lab.now).execute()).length === 0,
    );
    await end({ state: 'SUCCEEDED' });
  }
  await Promise.all(loops.map((loop) => loop.stop()));
  const firings = await Promise.all(ids.map((id) => lab.firings(id)));
  const started = firings.flat().filter((line) => line.endsWith('STARTED'));
  expect((await allRuns()).length).toBe(before + started.length);
  expect(firings.flat().length).toBe(started.length);
  expect(firings.map((lines) => lines.length).every((count) => count === 3 || count === 2)).toBe(true);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a run that ended before it did anything, since its plan was stale', () => {
  const stale = JSON.stringify({ code: 'PLAN_STALE', message: 'The cluster changed', hint: null, step: null });

  it('is asked for again for the same time, at most twice, and the firing says so', async () => {
    const id = await lab.schedule({ owner });
    lab.now = new Date('2027-01-05T02:00:00Z');
    await lab.fireAll();
    const seen: (string | null)[] = [];
    for (let round = 0; round < 4; round += 1) {
      const [firing] = await lab.rowOf(id);
      seen.push(firing?.runId ?? null);
      await end({ state: 'FAILED', failure: stale });
      for (const runId of await listEndedRuns(lab.db, 10)) await lookAtEndedRun(deps(), runId);
    }
    expect(new Set(seen).size).toBe(3);
    const [firing] = await lab.rowOf(id);
    expect(firing).toMatchObject({
      attempt: 3,
      outcome: 'STARTED',
      slotAt: new Date('2027-01-05T02:00:00Z'),
      note: expect.stringMatching(
        /^R-\d+ ended before it did anything.*; it was not asked for again: it was asked for 3 times$/,
      ),
    });
    expect(await readRun(lab.db, firing?.runId ?? '')).toMatchObject({ retryOf: seen[1], via: 'SCHEDULE' });
    expect(await listEndedRuns(lab.db, 10)).toEqual([]);
  });

  it('is asked for again once by many who look', async () => {
    const id = await lab.schedule({ owner });
    lab.now = new Date('2027-01-05T02:00:00Z');
    await lab.fireAll();
    const before = (await allRuns()).length;
    await end({ state: 'FAILED', failure: stale });
    const [runId = ''] = await listEndedRuns(lab.db, 10);
    await Promise.all(['a', 'b', 'c'].map((holder) => lookAtEndedRun({ ...deps(), holder }, runId)));
    expect((await allRuns()).length).toBe(before + 1);
    expect(await lab.rowOf(id)).toMatchObject([
      { attempt: 2, note: expect.stringContaining('it was asked for again') },
    ]);
  });

  it('is left alone when the schedule was changed since, even while it is asked for again', async () => {
    const id = await lab.schedule({ owner });
    const change = () => inTransaction(lab.db, (tx) => setState(tx, id, resumed));
    const resumed = { state: 'ACTIVE', stateReason: null, stateByName: null, next: null } as const;
    lab.now = new Date('2027-01-05T02:00:00Z');
    await lab.fireAll();
    const before = (await allRuns()).length;
    await end({ state: 'FAILED', failure: stale });
    const [runId = ''] = await listEndedRuns(lab.db, 10);
    lab.whenObserved = async () => {
      lab.whenObserved = async () => {};
      await change();
    };
    await lookAtEndedRun(deps(), runId);
    await lookAtEndedRun(deps(), runId);
    expect((await allRuns()).length).toBe(before);
    expect(await lab.rowOf(id)).toMatchObject([
      {
        attempt: 1,
        runId,
        note: expect.stringContaining('it was not asked for again: the schedule was changed meanwhile'),
      },
    ]);
  });

  it('is left alone when the next time is due, and any other end is too', async () => {
    const id = await lab.schedule({ owner });
    lab.now = new Date('2027-01-05T02:00:00Z');
    await lab.fireAll();
    await end({ state: 'FAILED', failure: stale });
    lab.now = new Date('2027-01-06T02:00:00Z');
    for (const runId of await listEndedRuns(lab.db, 10)) await lookAtEndedRun(deps(), runId);
    expect(await lab.rowOf(id)).toMatchObject([
      { attempt: 1, note: expect.stringContaining('it was not asked for again') },
    ]);
    await lab.fireAll();
    await end({ state: 'FAILED', failure: stale.replace('PLAN_STALE', 'TIMEOUT') });
    for (const runId of await listEndedRuns(lab.db, 10)) await lookAtEndedRun(deps(), runId);
    expect((await lab.rowOf(id)).at(-1)).toMatchObject({ attempt: 1, note: null });
  });
});
