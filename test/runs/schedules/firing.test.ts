import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/domain/access.ts';
import { drive } from '../../../src/runs/drive/runner.ts';
import { mendSlots } from '../../../src/runs/schedules/mend-clock.ts';
import { disablePerson, unbindRole } from '../../../src/store/access/people.ts';
import { holdAutomation, releaseAutomation } from '../../../src/store/calendar/holds.ts';
import { inTransaction } from '../../../src/store/database.ts';
import { listRuns } from '../../../src/store/reads/runs.ts';
import { wholeList } from '../../../src/store/reads/visibility.ts';
import { writeRecords } from '../../../src/store/records.ts';
import { findApprovalOfRun, listVotes } from '../../../src/store/runs/approvals.ts';
import { readRun } from '../../../src/store/runs/runs.ts';
import { listEndedRuns, skipRunOf } from '../../../src/store/schedules/firings.ts';
import { pruneFirings } from '../../../src/store/schedules/prune-firings.ts';
import { deleteSchedule, findSchedule, setState } from '../../../src/store/schedules/schedules.ts';
import { systemActor } from '../../helpers/engine.ts';
import { firingWhileAway } from './firing-while-away.ts';
import { approvalOf, type ScheduleLab, startScheduleLab } from './schedule-lab.ts';

/* What becomes of each time of a schedule, on a clock that the tests set. */

let lab: ScheduleLab;
let owner: Actor;
let approver: Actor;
let people = 0;

beforeAll(async () => {
  lab = await startScheduleLab();
});
beforeEach(async () => {
  people += 1;
  owner = await lab.person(`kim-${people}`, 'OPERATOR');
  approver = await lab.person(`lee-${people}`, 'APPROVER');
  lab.now = new Date('2027-01-05T01:00:00Z');
  lab.whenObserved = async () => {};
  await lab.db.deleteFrom('schedule').execute();
  // No worker is to find what an earlier test began.
  await lab.db.updateTable('run').set({ state: 'SUCCEEDED' }).execute();
  lab.toy.effects.length = 0;
});
afterAll(() => lab?.close());

const time = (text: string) => {
  lab.now = new Date(`2027-01-${text}:00Z`);
};
const fireAt = async (text: string) => {
  time(text);
  await lab.fireAll();
};
const runsOf = async (id: string) => {
  const rows = await lab.rowOf(id);
  return rows.flatMap(({ runId }) => runId ?? []);
};
const endRun = (runId: string) =>
  lab.db.updateTable('run').set({ state: 'SUCCEEDED' }).where('id', '=', runId).execute();
const by = { actor: systemActor, requestId: null };
const allRuns = async () => listRuns(lab.db, { visibility: 'everywhere', filter: {}, page: wholeList });

describe('a time that is due', () => {
  it('gets one run, asked for by the owner, and the schedule goes on to the next time', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('05T01:59');
    expect(await lab.firings(id)).toEqual([]);
    await fireAt('05T02:00');
    await fireAt('05T02:01');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED']);
    const [runId = ''] = await runsOf(id);
    expect(await readRun(lab.db, runId)).toMatchObject({
      via: 'SCHEDULE',
      requestedById: owner.id,
      state: 'QUEUED',
      reason: 'Schedule "nightly", 2027-01-05 02:00 UTC',
    });
    expect(await findSchedule(lab.db, id)).toMatchObject({ slotAt: new Date('2027-01-06T02:00:00Z'), retry: null });
  });

  it('is due later by its jitter, and stands for the same time', async () => {
    const id = await lab.schedule({ owner, jitterSeconds: 3_600 });
    const { dueAt } = (await findSchedule(lab.db, id)) ?? {};
    lab.now = new Date((dueAt?.getTime() ?? 0) - 1);
    await lab.fireAll();
    expect(await lab.firings(id)).toEqual([]);
    lab.now = dueAt ?? lab.now;
    await lab.fireAll();
    expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED']);
  });

  it('is fired once by many who look at the same moment', async () => {
    const id = await lab.schedule({ owner });
    time('05T02:00');
    const before = (await allRuns()).length;
    const deps = lab.engine.ctx.engine;
    await Promise.all(['a', 'b', 'c', 'd'].map((holder) => lab.fireAll({ ...deps, holder })));
    expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED']);
    expect((await allRuns()).length).toBe(before + 1);
  });

  it('begins nothing while a run of the schedule goes on, whoever has to act on it, and names that run', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('05T02:00');
    const [runId = ''] = await runsOf(id);
    await lab.db.updateTable('run').set({ state: 'INTERRUPTED' }).where('id', '=', runId).execute();
    await fireAt('06T02:00');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED', '01-06T02:00 SKIPPED STILL_RUNNING']);
    expect((await lab.rowOf(id))[1]).toMatchObject({
      runId,
      reason: { message: expect.stringMatching(/^R-\d+ of this schedule goes on \(INTERRUPTED\)/) },
    });
    await endRun(runId);
    await fireAt('07T02:00');
    expect((await lab.firings(id)).at(-1)).toBe('01-07T02:00 STARTED');
  });
});

describe('times that passed while nobody fired', () => {
  it('get one run, and one line that says how many they were', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('16T12:00');
    await fireAt('16T12:01');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 SKIPPED MISSED', '01-16T02:00 STARTED']);
    expect((await lab.rowOf(id))[0]?.reason?.message).toBe(
      '11 times from 2027-01-05 02:00 UTC to 2027-01-15 02:00 UTC were missed: no worker of Starwarden ran at that time, or its clock jumped',
    );
  });

  it('get none where the schedule skips them', async () => {
    const id = await lab.schedule({ owner, whenMissed: 'SKIP' });
    await fireAt('16T12:00');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 SKIPPED MISSED']);
    await fireAt('17T02:00');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 SKIPPED MISSED', '01-17T02:00 STARTED']);
  });
});

describe('a clock that jumps', () => {
  it('ahead by a year and back fires no time twice, and does not stand still for a year', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('05T02:00');
    await Promise.all((await runsOf(id)).map(endRun));
    lab.now = new Date('2028-01-05T12:00:00Z');
    await lab.fireAll();
    await Promise.all((await runsOf(id)).map(endRun));
    time('05T03:00');
    await mendSlots(lab.engine.ctx.engine);
    // The 6th is told to be missed: it was, by the clock of that moment.
    expect((await findSchedule(lab.db, id))?.slotAt).toEqual(new Date('2027-01-07T02:00:00Z'));
    await fireAt('07T02:00');
    expect(await lab.firings(id)).toEqual([
      '01-05T02:00 STARTED',
      '01-06T02:00 SKIPPED MISSED',
      '01-07T02:00 STARTED',
      '01-05T02:00 STARTED',
    ]);
  });

  it('back fires no time again', async () => {
    const id = await lab.schedule({ owner, cron: '0 * * * *' });
    for (const hour of ['02', '03', '04']) {
      await fireAt(`05T${hour}:00`);
      await Promise.all((await runsOf(id)).map(endRun));
    }
    time('05T01:30');
    await mendSlots(lab.engine.ctx.engine);
    for (const at of ['02:00', '03:00', '04:00', '04:59']) await fireAt(`05T${at}`);
    expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED', '01-05T03:00 STARTED', '01-05T04:00 STARTED']);
    await fireAt('05T05:00');
    expect((await lab.firings(id)).at(-1)).toBe('01-05T05:00 STARTED');
  });
});

describe('the owner', () => {
  it('who was shut out has nothing begun for them', async () => {
    const id = await lab.schedule({ owner });
    await disablePerson(lab.db, owner.id, by);
    await fireAt('05T02:00');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 SKIPPED OWNER_NOT_ENTITLED']);
    expect((await lab.rowOf(id))[0]?.reason?.message).toBe(`${owner.name}, who owns the schedule, was shut out`);
  });

  it('who lost the role has nothing begun for them, until they have it again', async () => {
    const id = await lab.schedule({ owner });
    await unbindRole(lab.db, owner.id, { role: 'OPERATOR', scope: { kind: 'all' } }, by);
    await fireAt('05T02:00');
    expect((await lab.rowOf(id))[0]?.reason).toMatchObject({
      code: 'OWNER_NOT_ENTITLED',
      message: expect.stringContaining('does not have the permission schedule:manage'),
    });
  });
});

describe('what needs approval', () => {
  async function onProd(operation: string, change: { approvedBy?: Actor; owner?: Actor } = {}) {
    const clusterId = await lab.engine.addCluster(`prod-${people}`, 'prod');
    const input = { clusterId, keys: ['a'] };
    const content = { operation, input, cron: '0 2 * * *', timeZone: 'UTC', jitterSeconds: 0 };
    const approval = change.approvedBy === undefined ? null : approvalOf(content, change.approvedBy);
    return lab.schedule({ owner: change.owner ?? owner, clusterId, approval, ...content });
  }

  it('does not begin before somebody approved the schedule', async () => {
    const id = await onProd('setCarefully');
    await fireAt('05T02:00');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 SKIPPED NOT_APPROVED']);
  });

  it('begins without asking again once the schedule was approved, and the run shows who did', async () => {
    const id = await onProd('setCarefully', { approvedBy: approver });
    await fireAt('05T02:00');
    const [runId = ''] = await runsOf(id);
    expect(await readRun(lab.db, runId)).toMatchObject({ state: 'QUEUED', needsReplan: true });
    const approval = await findApprovalOfRun(lab.db, runId);
    expect(approval).toMatchObject({ state: 'APPROVED', required: 1 });
    expect(await listVotes(lab.db, approval?.id ?? '')).toMatchObject([
      { personId: approver.id, vote: 'APPROVE', comment: 'For the schedule "nightly"' },
    ]);
  });

  it('does not begin with an approval of something else', async () => {
    const id = await onProd('setCarefully', { approvedBy: approver });
    await lab.db
      .updateTable('schedule')
      .set({ content_hash: 'x'.repeat(64) })
      .where('id', '=', id)
      .execute();
    await fireAt('05T02:00');
    expect(await lab.firings(id)).toEqual(['01-05T02:00 SKIPPED NOT_APPROVED']);
  });

  it('does not begin with an approval of the owner, or of somebody who may not approve any more', async () => {
    const boss = await lab.person(`boss-${people}`, 'ADMIN');
    const own = await onProd('setCarefully', { owner: boss, approvedBy: boss });
    await fireAt('05T02:00');
    expect(await lab.firings(own)).toEqual(['01-05T02:00 SKIPPED NOT_APPROVED']);
    await lab.db.deleteFrom('schedule').execute();
    people += 1;
    time('05T01:00');
    const lost = await onProd('setCarefully', { approvedBy: approver });
    await unbindRole(lab.db, approver.id, { role: 'APPROVER', scope: { kind: 'all' } }, by);
    await fireAt('05T02:00');
    expect((await lab.rowOf(lost))[0]?.reason?.message).toContain('may not approve');
  });

  it('and needs two people does not begin by one approval', async () => {
    const id = await onProd('destroyValues', { approvedBy: approver });
    await fireAt('05T02:00');
    expect((await lab.rowOf(id))[0]?.reason).toMatchObject({
      code: 'NOT_APPROVED',
      message: expect.stringContaining('2 people'),
    });
  });

  it('does not begin when the approver lost the right between the firing and the first step', async () => {
    const id = await onProd('setCarefully', { approvedBy: approver });
    await fireAt('05T02:00');
    await unbindRole(lab.db, approver.id, { role: 'APPROVER', scope: { kind: 'all' } }, by);
    const worker = lab.engine.work();
    const [runId = ''] = await runsOf(id);
    const run = await lab.engine.until(runId);
    await worker.stop();
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'APPROVAL_REQUIRED' } });
    expect(lab.toy.effects).toEqual([]);
  });
});

describe('the calendar', () => {
  it('keeps a schedule from firing while automation is held, and says by whom', async () => {
    const id = await lab.schedule({ owner });
    await lab.db
      .insertInto('automation_hold')
      .values({
        ...{ id: 'hld_1', scope_kind: 'all', scope_value: '', open_scope: 'all', reason: 'an incident' },
        ...{ held_by_id: owner.id, held_by_name: 'Ana', held_at: new Date(), until_at: null },
        ...{ released_by_name: null, released_at: null },
      })
      .execute();
    await fireAt('05T02:00');
    await lab.db.deleteFrom('automation_hold').execute();
    expect((await lab.rowOf(id))[0]).toMatchObject({
      outcome: 'SKIPPED',
      reason: { code: 'HELD', message: 'All automation is held until somebody releases it, by Ana: an incident' },
    });
  });
});

describe('times that this version of the runtime cannot read', () => {
  const unknown = 'Mars/Olympus_Mons';

  it('of a maintenance window: it counts as closed, lets nothing begin, and is named', async () => {
    const id = await lab.schedule({ owner });
    await lab.db
      .insertInto('maintenance_window')
      .values({
        ...{ id: 'win_1', name: 'w', scope_kind: 'all', scope_value: '', applies_to: 'EVERYTHING', cron: '0 2 * * *' },
        ...{ time_zone: unknown, duration_minutes: 60, reason: 'none', owner_id: owner.id, owner_name: 'Ana' },
        created_at: new Date(),
      })
      .execute();
    await fireAt('05T02:00');
    await lab.db.deleteFrom('maintenance_window').execute();
    expect((await lab.rowOf(id))[0]).toMatchObject({
      outcome: 'SKIPPED',
      reason: {
        code: 'OUTSIDE_WINDOW',
        message: expect.stringContaining(
          `"w" counts as closed, since this Starwarden does not know the time zone ${unknown}`,
        ),
      },
    });
  });

  it('of a schedule: its time is refused with the reason, others fire, and it goes on once they can be read', async () => {
    const id = await lab.schedule({ owner, cron: '0 2 * * *' });
    const other = await lab.schedule({ owner, name: 'other' });
    const zone = (time_zone: string) =>
      lab.db.updateTable('schedule').set({ time_zone }).where('id', '=', id).execute();
    await zone(unknown);
    await fireAt('05T02:00');
    await fireAt('06T02:00');
    expect((await lab.rowOf(id)).map(({ outcome, reason }) => [outcome, reason?.message])).toEqual([
      ['REFUSED', expect.stringContaining(`does not know the time zone ${unknown}`)],
    ]);
    expect(await findSchedule(lab.db, id)).toMatchObject({ state: 'ACTIVE', slotAt: null });
    expect(await lab.firings(other)).toEqual(['01-05T02:00 STARTED', '01-06T02:00 SKIPPED STILL_RUNNING']);
    await zone('UTC');
    await mendSlots(lab.engine.ctx.engine);
    expect(await findSchedule(lab.db, id)).toMatchObject({ slotAt: new Date('2027-01-07T02:00:00Z') });
  });

  it('of one schedule keep no other from being brought back after a jump of the clock', async () => {
    const broken = await lab.schedule({ owner, name: 'a-broken' });
    const other = await lab.schedule({ owner });
    await lab.db.updateTable('schedule').set({ time_zone: unknown }).where('id', '=', broken).execute();
    const ahead = new Date('2028-01-05T02:00:00Z');
    await lab.db.updateTable('schedule').set({ slot_at: ahead, due_at: ahead }).execute();
    await mendSlots(lab.engine.ctx.engine);
    expect(await findSchedule(lab.db, other)).toMatchObject({ slotAt: new Date('2027-01-05T02:00:00Z') });
  });
});

describe('a run of a schedule that waits when something comes that would have kept it from being asked for', () => {
  const hold = () =>
    holdAutomation(
      lab.db,
      { scope: { kind: 'all' }, reason: 'an incident', until: null },
      { actor: systemActor, requestId: null },
    );
  const release = () =>
    releaseAutomation(lab.db, { scope: { kind: 'all' }, comment: null }, { actor: systemActor, requestId: null });
  const driven = async (id: string) => {
    const [runId = ''] = await runsOf(id);
    await drive(lab.engine.ctx.engine, runId);
    return readRun(lab.db, runId);
  };

  it('a hold: it does not begin, and its time is skipped with the reason', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('05T02:00');
    await hold();
    const run = await driven(id).finally(release);
    expect(run).toMatchObject({
      state: 'FAILED',
      startedAt: null,
      failure: {
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('It did not begin: All automation is held'),
      },
    });
    expect(lab.toy.effects).toEqual([]);
    expect(await lab.firings(id)).toEqual(['01-05T02:00 SKIPPED HELD']);
    expect((await lab.rowOf(id))[0]).toMatchObject({ runId: run.id, note: expect.stringContaining(`R-${run.number}`) });
    expect(await listEndedRuns(lab.db, 1_000)).not.toContain(run.id);
    await fireAt('06T02:00');
    expect((await lab.firings(id)).at(-1)).toBe('01-06T02:00 STARTED');
  });

  it('what was recorded stays when the process died then, though the hold is over', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('05T02:00');
    const [runId = ''] = await runsOf(id);
    const reason = { code: 'HELD', message: 'All automation is held' } as const;
    await skipRunOf(lab.db, { runId, reason, note: 'n' });
    expect(await driven(id)).toMatchObject({ state: 'FAILED', startedAt: null });
    expect(lab.toy.effects).toEqual([]);
  });

  it.each([
    ['was paused', /was paused before it began, by Ana: no/, ['01-05T02:00 SKIPPED REFUSED']],
    ['was deleted', /was deleted before it began/, []],
  ])('a schedule that %s', async (what, message, firings) => {
    const id = await lab.schedule({ owner });
    await fireAt('05T02:00');
    const [runId = ''] = await runsOf(id);
    await inTransaction(lab.db, async (tx) => {
      if (what === 'was deleted') return deleteSchedule(tx, id);
      await setState(tx, id, { state: 'PAUSED', stateReason: 'no', stateByName: 'Ana', next: null });
    });
    await drive(lab.engine.ctx.engine, runId);
    expect(await readRun(lab.db, runId)).toMatchObject({
      state: 'FAILED',
      startedAt: null,
      failure: { message: expect.stringMatching(message) },
    });
    expect(await lab.firings(id)).toEqual(firings);
  });

  it('nothing of the kind: it begins, and no hold stops it any more', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('05T02:00');
    expect(await driven(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await lab.firings(id)).toEqual(['01-05T02:00 STARTED']);
  });
});

it('of each schedule the newest times are kept, and those whose run nobody has looked at yet', async () => {
  const [id, small] = [await lab.schedule({ owner }), await lab.schedule({ owner })];
  const row = (schedule: string, day: number) => ({
    ...{
      schedule_id: schedule,
      slot_at: new Date(Date.UTC(2027, 0, day)),
      outcome: 'SKIPPED',
      run_id: null,
      plan: null,
    },
    ...{ reason_code: 'MISSED', reason: 'r', asked_by_name: null, note: null, decided_at: lab.now },
    is_open: day === 2 ? 1 : 0,
  });
  const days = Array.from({ length: 12 }, (_, index) => index + 1);
  await lab.db
    .insertInto('schedule_firing')
    .values(days.map((day) => row(id, day)))
    .execute();
  await lab.db
    .insertInto('schedule_firing')
    .values(days.slice(0, 5).map((day) => row(small, day)))
    .execute();
  expect(await pruneFirings(lab.db, { kept: 5 })).toBe(6);
  const left = async (schedule: string) => (await lab.rowOf(schedule)).map(({ slotAt }) => slotAt.getUTCDate());
  expect(await left(id)).toEqual([2, 8, 9, 10, 11, 12]);
  expect(await left(small)).toEqual([1, 2, 3, 4, 5]);
  await lab.db.deleteFrom('schedule_firing').execute();
});

firingWhileAway({ lab: () => lab, owner: () => owner, fireAt });

describe('a dry run', () => {
  it('keeps its plan and begins nothing, without any approval', async () => {
    const clusterId = await lab.engine.addCluster(`prod-dry-${people}`, 'prod');
    const before = (await allRuns()).length;
    const input = { clusterId, keys: ['a', 'b'] };
    const id = await lab.schedule({ owner, clusterId, operation: 'destroyValues', input, isDryRun: true });
    await fireAt('05T02:00');
    expect(await lab.rowOf(id)).toMatchObject([
      {
        outcome: 'DRY_RUN',
        runId: null,
        plan: { summary: 'destroyValues while calm', notes: ['calm'], steps: ['Set a to gone', 'Set b to gone'] },
      },
    ]);
    expect((await allRuns()).length).toBe(before);
  });
});

describe('a schedule', () => {
  it('that is paused fires nothing, and a firing that was under way by then leaves nothing behind', async () => {
    const id = await lab.schedule({ owner });
    const before = (await allRuns()).length;
    lab.whenObserved = async () => {
      const paused = { state: 'PAUSED', stateReason: 'wait', stateByName: 'ana', next: null } as const;
      await inTransaction(lab.db, (tx) => setState(tx, id, paused));
    };
    await fireAt('05T02:00');
    lab.whenObserved = async () => {};
    await fireAt('06T02:00');
    expect(await lab.firings(id)).toEqual([]);
    expect((await allRuns()).length).toBe(before);
  });

  it('goes with its cluster, and so does what became of its times', async () => {
    const id = await lab.schedule({ owner });
    await fireAt('05T02:00');
    const { clusterId = '' } = (await findSchedule(lab.db, id)) ?? {};
    const [runId = ''] = await runsOf(id);
    await inTransaction(lab.db, (tx) => writeRecords(tx, { runId, clusterId }, [{ record: 'clusterRemoved' }]));
    expect(await findSchedule(lab.db, id)).toBeNull();
    expect(await lab.firings(id)).toEqual([]);
    expect(await readRun(lab.db, runId)).toMatchObject({ id: runId });
  });

  it('of an operation that this version does not know says so', async () => {
    const id = await lab.schedule({ owner, operation: 'ofTomorrow' });
    await fireAt('05T02:00');
    expect((await lab.rowOf(id))[0]?.reason?.message).toBe('This Starwarden does not know the operation ofTomorrow');
  });
});
