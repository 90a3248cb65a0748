import type { Actor, Role } from '../../../src/domain/access.ts';
import type { Schedule } from '../../../src/domain/schedule.ts';
import { contentHashOf } from '../../../src/domain/schedule.ts';
import { nextSlot } from '../../../src/domain/schedule-times.ts';
import { newId } from '../../../src/ids.ts';
import type { Engine as RunEngine } from '../../../src/runs/engine.ts';
import { fireSchedule } from '../../../src/runs/schedules/fire.ts';
import { addPerson, bindRole } from '../../../src/store/access/people.ts';
import { type Database, inTransaction } from '../../../src/store/database.ts';
import { toFiring } from '../../../src/store/schedules/schedule-rows.ts';
import { insertSchedule, listDueSchedules, type NewSchedule } from '../../../src/store/schedules/schedules.ts';
import { type Engine, startEngine, systemActor } from '../../helpers/engine.ts';
import { makeToy, type Toy, toyOperations } from '../../helpers/toy-operations.ts';

/** Schedules of toy operations, on a clock that a test sets. */
export type ScheduleLab = {
  readonly engine: Engine;
  readonly toy: Toy;
  readonly db: Database;
  /** What time it is. */
  now: Date;
  /** Called each time an operation observes its cluster. */
  whenObserved: () => Promise<void>;
  /** Somebody who is stored, with a role everywhere. */
  person(name: string, role: Role): Promise<Actor>;
  schedule(change?: Partial<NewSchedule>): Promise<string>;
  /** Fires whatever is due, as a process of this name. */
  fireAll(deps?: RunEngine): Promise<void>;
  firings(scheduleId: string): Promise<readonly string[]>;
  rowOf(scheduleId: string): ReturnType<typeof readFirings>;
  close(): Promise<void>;
};

export async function startScheduleLab(): Promise<ScheduleLab> {
  const toy = makeToy();
  const operations = toyOperations(toy).map((operation) => ({
    ...operation,
    observeAndPlan: async (...args: Parameters<typeof operation.observeAndPlan>) => {
      await lab.whenObserved();
      return operation.observeAndPlan(...args);
    },
  }));
  const engine = await startEngine({ operations, scheduleTime: async () => lab.now });
  const { db } = engine.ctx;
  const lab: ScheduleLab = {
    engine,
    toy,
    db,
    now: new Date('2027-01-05T01:00:00Z'),
    whenObserved: async () => {},
    person: async (name, role) => {
      const { id } = await addPerson(db, name, { actor: systemActor, requestId: null });
      await bindRole(db, id, { role, scope: { kind: 'all' } }, { actor: systemActor, requestId: null });
      return { id, name, via: 'API', bindings: [{ role, scope: { kind: 'all' } }] };
    },
    schedule: async (change = {}) => {
      const id = newId('sch');
      const clusterId = change.clusterId ?? (await engine.addCluster(`of-${id}`));
      const content = {
        name: 'nightly',
        operation: 'setValues',
        cron: '0 2 * * *',
        timeZone: 'UTC',
        jitterSeconds: 0,
        whenMissed: 'RUN_ONCE' as const,
        owner: { id: 'per_nobody', name: 'nobody' },
        ...change,
        id,
        clusterId,
        input: change.input ?? { clusterId, keys: ['a'] },
      };
      await inTransaction(db, (tx) => insertSchedule(tx, { ...content, next: nextSlot(content, { after: lab.now }) }));
      return id;
    },
    fireAll: async (deps = engine.ctx.engine) => {
      for (const id of await listDueSchedules(db, { at: lab.now, limit: 50 })) await fireSchedule(deps, id);
    },
    firings: async (scheduleId) =>
      (await readFirings(db, scheduleId)).map(({ slotAt, outcome, reason }) =>
        [slotAt.toISOString().slice(5, 16), outcome, ...(reason === null ? [] : [reason.code])].join(' '),
      ),
    rowOf: (scheduleId) => readFirings(db, scheduleId),
    close: () => engine.close(),
  };
  return lab;
}

async function readFirings(db: Database, scheduleId: string) {
  const rows = await db
    .selectFrom('schedule_firing')
    .selectAll()
    .where('schedule_id', '=', scheduleId)
    .orderBy('slot_at')
    .execute();
  return rows.map(toFiring);
}

/** An approval of a schedule as it is. */
export function approvalOf(
  schedule: Parameters<typeof contentHashOf>[0],
  by: Actor,
): NonNullable<Schedule['approval']> {
  return { contentHash: contentHashOf(schedule), byId: by.id, byName: by.name, at: new Date('2027-01-01T00:00:00Z') };
}
