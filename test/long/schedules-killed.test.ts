import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nextSlot } from '../../src/domain/schedule-times.ts';
import { newId } from '../../src/ids.ts';
import { addPerson, bindRole } from '../../src/store/access/people.ts';
import { inTransaction } from '../../src/store/database.ts';
import { toFiring } from '../../src/store/schedules/schedule-rows.ts';
import { insertSchedule } from '../../src/store/schedules/schedules.ts';
import { type Engine, startEngine, systemActor } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

/*
 * One schedule, two worker processes, and one of them killed again and again while it fires: of every time there is one line,
 * and of every line that says so exactly one run.
 */

const rounds = 24;
const stepMs = 5 * 60_000;
const first = Date.UTC(2027, 0, 5, 2);

let engine: Engine;
let directory: string;
const workers = new Set<ChildProcess>();

beforeAll(async () => {
  engine = await startEngine({ operations: toyOperations(makeToy()) });
  directory = await mkdtemp(join(tmpdir(), 'schedule-clock-'));
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await engine?.close();
  await rm(directory, { recursive: true, force: true });
});

const clock = () => join(directory, 'now');

/** Replaced as a whole: a worker reads the old time or the new one. */
async function setTime(at: number): Promise<void> {
  await writeFile(`${clock()}.new`, String(at));
  await rename(`${clock()}.new`, clock());
}

async function startScheduleWorker(): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('../helpers/schedule-worker.ts', import.meta.url));
  const worker = spawn(process.execPath, [file], {
    env: {
      ...engine.env,
      ...{ PATH: process.env.PATH, SCHEDULE_CLOCK: clock() },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  workers.add(worker);
  if (worker.stdout !== null) await once(worker.stdout, 'data');
  return worker;
}

/** What a claim of a dead process becomes after its minute; one of a living process is given back within that. */
async function outliveClaim(): Promise<void> {
  await sleep(400);
  await engine.ctx.db
    .updateTable('schedule')
    .set({ claimed_until: new Date(0) })
    .where('claimed_by', 'is not', null)
    .execute();
}

async function addSchedule(): Promise<string> {
  const { db } = engine.ctx;
  const by = { actor: systemActor, requestId: null };
  const owner = await addPerson(db, 'kim', by);
  await bindRole(db, owner.id, { role: 'OPERATOR', scope: { kind: 'all' } }, by);
  const clusterId = await engine.addCluster('toy');
  const content = {
    ...{ id: newId('sch'), name: 'often', clusterId, operation: 'setValues', input: { clusterId, keys: ['a'] } },
    ...{ cron: '*/5 * * * *', timeZone: 'UTC', jitterSeconds: 0, whenMissed: 'RUN_ONCE' as const },
    owner: { id: owner.id, name: owner.name },
  };
  const next = nextSlot(content, { after: new Date(first - 1) });
  await inTransaction(db, (tx) => insertSchedule(tx, { ...content, next }));
  return content.id;
}

const isDone = async (at: number) => {
  const { db } = engine.ctx;
  const due = await db.selectFrom('schedule').select('id').where('due_at', '<=', new Date(at)).execute();
  const open = await db.selectFrom('run').select('id').where('finished_at', 'is', null).execute();
  return due.length + open.length === 0;
};

it('two processes of which one is killed again and again make one run for each time', async () => {
  await setTime(first - 60_000);
  const id = await addSchedule();
  const pair = [await startScheduleWorker(), await startScheduleWorker()];
  let at = first - stepMs;
  let deathsInClaim = 0;
  for (let round = 0; round < rounds; round += 1) {
    at += stepMs;
    await setTime(at);
    await sleep(Math.random() * 250);
    const which = round % 2;
    pair[which]?.kill('SIGKILL');
    const claimed = await engine.ctx.db
      .selectFrom('schedule')
      .select('id')
      .where('claimed_by', 'is not', null)
      .execute();
    deathsInClaim += claimed.length;
    pair[which] = await startScheduleWorker();
    await outliveClaim();
  }
  await expect.poll(() => isDone(at), { timeout: 60_000, interval: 200 }).toBe(true);

  const { db } = engine.ctx;
  const rows = await db
    .selectFrom('schedule_firing')
    .selectAll()
    .where('schedule_id', '=', id)
    .orderBy('slot_at')
    .execute();
  const firings = rows.map(toFiring);
  const runs = await db
    .selectFrom('run')
    .select(['id', 'state', 'reason', 'via'])
    .where('via', '=', 'SCHEDULE')
    .execute();
  const started = firings.filter(({ outcome }) => outcome === 'STARTED');
  // One run for each time that has one, and no run without a time: the reason of a run names its time.
  expect(runs.map((run) => run.id).toSorted()).toEqual(started.map(({ runId }) => runId ?? '').toSorted());
  expect(new Set(runs.map(({ reason }) => reason)).size).toBe(runs.length);
  expect(runs.map(({ state }) => state)).toEqual(runs.map(() => 'SUCCEEDED'));
  // No time is without a word: those that have no line of their own are counted by the line of a time that was missed.
  const counted = firings.map(({ reason }) => (reason?.code === 'MISSED' ? missedIn(reason.message) : 1));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(rounds);
  const codes = firings.flatMap(({ reason }) => reason?.code ?? []);
  expect(codes.filter((code) => code !== 'MISSED' && code !== 'STILL_RUNNING')).toEqual([]);
  expect(started.length).toBeGreaterThan(rounds / 2);
  expect(deathsInClaim).toBeGreaterThan(0);
}, 400_000);

function missedIn(message: string): number {
  const [, many] = /^(\d+) times from /.exec(message) ?? [];
  return many === undefined ? 1 : Number(many);
}
