import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import type { Inventory } from '../../src/domain/inventory.ts';
import { type HeldLease, holdLease } from '../../src/runs/drive/held-lease.ts';
import { submit } from '../../src/runs/submit.ts';
import { makeInventory } from '../../src/store/clusters/inventory-port.ts';
import { findReportOfRun } from '../../src/store/clusters/reports.ts';
import { type Database, openDatabase, type Reader } from '../../src/store/database.ts';
import { eventsOfRuns } from '../../src/store/reads/run-parts.ts';
import { writeJournal } from '../../src/store/runs/journal.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

let engine: Engine;
let db: Database;
let clusters = 0;

beforeAll(async () => {
  engine = await startEngine({ operations: toyOperations(makeToy()) });
  db = engine.ctx.db;
});
afterAll(() => engine?.close());

/** A run that this test drives by hand. */
async function hold(): Promise<HeldLease> {
  clusters += 1;
  const clusterId = await engine.addCluster(`toy-${clusters}`);
  const { run } = await submit(engine.ctx.engine, { operation: 'setValues', input: { clusterId }, actor: operator });
  const held = await holdLease(db, { runId: run?.id ?? '', holder: 'test', leaseMs: 60_000 });
  if (held === null) throw new Error('the run is not free');
  return held;
}

const report = [
  { name: 'tablets', status: 'PASS', severity: 'BLOCK', observed: 'good', wanted: 'good', hint: null },
] as const;
const firstDone = { position: 0, state: 'done', finished: true } as const;

/** What is stored of it: the state of the first step, its events, and the report. */
async function storedOf({ lease: { runId } }: HeldLease) {
  const [step] = await listSteps(db, runId);
  const events = await eventsOfRuns(db, { runIds: [runId], afterSequence: 1, limit: 10 });
  const checks = (await findReportOfRun(db, runId))?.checks ?? null;
  return { step: step?.state, events: events.map(({ message }) => message), checks };
}

const untouched = { step: 'pending', events: [], checks: null };

describe('what a step wants to be remembered', () => {
  it('is written with the entry of the journal that records the step', async () => {
    const held = await hold();
    await writeJournal(db, held.lease, {
      step: firstDone,
      records: [{ record: 'reportMade', checks: report }],
      events: [{ type: 'NOTE', message: 'both' }],
    });
    expect(await storedOf(held)).toEqual({ step: 'done', events: ['both'], checks: report });
    await held.release();
  });

  it('is not written when the entry is refused, for the lease of the worker ran out', async () => {
    const held = await hold();
    await db
      .updateTable('run')
      .set({ claimed_until: new Date(0) })
      .where('id', '=', held.lease.runId)
      .execute();
    const entry = { step: firstDone, records: [{ record: 'reportMade', checks: report }] } as const;
    await expect(writeJournal(db, held.lease, entry)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await storedOf(held)).toEqual(untouched);
    await held.release();
  });

  it('is not written by a worker that another one has followed', async () => {
    const held = await hold();
    const { runId } = held.lease;
    await db
      .updateTable('run')
      .set({ claimed_until: new Date(0) })
      .where('id', '=', runId)
      .execute();
    const next = await holdLease(db, { runId, holder: 'next', leaseMs: 60_000 });
    const entry = { records: [{ record: 'clusterRemoved' }] } as const;
    await expect(writeJournal(db, held.lease, entry)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(writeJournal(db, { ...held.lease, fence: 1 }, entry)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await engine.ctx.connections.inventory.findClusterByName(`toy-${clusters}`)).not.toBeNull();
    await next?.release();
    await held.release();
  });

  it('takes the entry with it when it cannot be written', async () => {
    const held = await hold();
    const other = await engine.addCluster(`taken-${clusters}`);
    const cluster = await engine.ctx.connections.inventory.findCluster(other);
    if (cluster === null) throw new Error('it was just added');
    const written = writeJournal(db, held.lease, {
      step: firstDone,
      records: [
        { record: 'reportMade', checks: report },
        { record: 'clusterChanged', cluster },
      ],
    });
    await expect(written).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await storedOf(held)).toEqual(untouched);
    await held.release();
  });
});

describe('the inventory that steps are given', () => {
  it('has no method that answers nothing, and its implementation is given nothing to write with', () => {
    type Writes = {
      [Name in keyof Inventory]: Inventory[Name] extends (...args: never[]) => Promise<void> ? Name : never;
    }[keyof Inventory];
    expectTypeOf<Writes>().toBeNever();
    expectTypeOf(makeInventory).parameter(0).toEqualTypeOf<Reader>();
    expectTypeOf<keyof Reader>().toEqualTypeOf<'selectFrom'>();
  });

  it('sends nothing but SELECT, whatever is asked of it', async () => {
    const statements: string[] = [];
    const watched = openDatabase({
      url: engine.ctx.config.databaseUrl,
      poolSize: 1,
      onStatement: (statement) => statements.push(statement),
    });
    const methods = Object.entries(makeInventory(watched));
    const asked: Readonly<Record<string, unknown>> = {
      listNodesAt: ['none'],
      listNeighbours: { clusterId: 'none', addresses: ['none'], hostKeys: ['none'] },
    };
    for (const [name, method] of methods) await Reflect.apply(method, null, [asked[name] ?? 'none', 'none', 1]);
    await watched.destroy();
    expect(statements.length).toBeGreaterThanOrEqual(methods.length);
    expect(statements.filter((statement) => !/^select /i.test(statement))).toEqual([]);
  });
});
