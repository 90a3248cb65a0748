import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { holdLease } from '../../src/runs/drive/held-lease.ts';
import { submit } from '../../src/runs/submit.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

let engine: Engine;
let runId: string;
let clusters = 0;

beforeAll(async () => {
  engine = await startEngine({ operations: toyOperations(makeToy()) });
});
beforeEach(async () => {
  clusters += 1;
  const clusterId = await engine.addCluster(`toy-${clusters}`);
  const { run } = await submit(engine.ctx.engine, { operation: 'setValues', input: { clusterId }, actor: operator });
  runId = run?.id ?? '';
});
afterAll(() => engine?.close());

const leaseMs = 1_000;

describe('a lease', () => {
  it('is kept for as long as the work takes, and is free afterwards', async () => {
    const held = await holdLease(engine.ctx.db, { runId, holder: 'one', leaseMs });
    await sleep(leaseMs * 2);
    held?.assertHeld();
    expect(held?.signal.aborted).toBe(false);
    expect(await holdLease(engine.ctx.db, { runId, holder: 'two', leaseMs })).toBeNull();
    await held?.release();
    const next = await holdLease(engine.ctx.db, { runId, holder: 'two', leaseMs });
    expect(next?.lease.fence).toBe((held?.lease.fence ?? 0) + 1);
    await next?.release();
  });

  it('stops the calls to the outside in time when the database does not answer any more', async () => {
    const db = openDatabase({ url: engine.ctx.config.databaseUrl, poolSize: 1 });
    const held = await holdLease(db, { runId, holder: 'one', leaseMs });
    const { freed, free } = occupy(db);
    await sleep(leaseMs * 0.95);
    expect(held?.signal.aborted).toBe(true);
    expect(() => held?.assertHeld()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
    free();
    await freed;
    await held?.release();
    await db.destroy();
  });

  it('tells two drives of one process apart', async () => {
    const first = await holdLease(engine.ctx.db, { runId, holder: 'one', leaseMs });
    await engine.ctx.db
      .updateTable('run')
      .set({ claimed_until: new Date(0) })
      .where('id', '=', runId)
      .execute();
    const second = await holdLease(engine.ctx.db, { runId, holder: 'one', leaseMs });
    expect(second?.lease.fence).toBe((first?.lease.fence ?? 0) + 1);
    await first?.release();
    second?.assertHeld();
    expect(await holdLease(engine.ctx.db, { runId, holder: 'three', leaseMs })).toBeNull();
    await second?.release();
  });
});

/** Takes the only connection of the pool, as a server that hangs does. */
function occupy(db: Database): { freed: Promise<void>; free: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { freed: db.connection().execute(() => promise), free: resolve };
}
