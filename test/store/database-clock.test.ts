import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openDatabase, readDatabaseTime, startDatabaseClock } from '../../src/store/database.ts';
import { createMigratedDatabase } from '../helpers/services.ts';
import { createVirtualClock } from '../helpers/virtual-clock.ts';

const dayMs = 86_400_000;

let database: Awaited<ReturnType<typeof createMigratedDatabase>>;
beforeAll(async () => {
  database = await createMigratedDatabase();
});
afterAll(() => database.drop());
afterEach(() => vi.useRealTimers());

it('shows a test the time that its own clock shows', async () => {
  const clock = createVirtualClock();
  const db = openDatabase({ url: database.url, poolSize: 1, plugins: [clock.plugin] });
  try {
    const before = await readDatabaseTime(db);
    clock.moveTo(new Date(before.getTime() + 21 * dayMs));
    const after = await readDatabaseTime(db);
    expect(after.getTime() - before.getTime()).toBeGreaterThanOrEqual(21 * dayMs);
    expect(Math.abs(after.getTime() - clock.now().getTime())).toBeLessThan(60_000);
    clock.moveTo(before);
    expect((await readDatabaseTime(db)).getTime()).toBeGreaterThanOrEqual(after.getTime());
  } finally {
    await db.destroy();
  }
});

it('goes on by itself, whatever becomes of the clock of this process', async () => {
  const db = openDatabase({ url: database.url, poolSize: 1 });
  try {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-01-01T00:00:00Z') });
    const now = await startDatabaseClock(db);
    vi.setSystemTime(new Date('2040-01-01T00:00:00Z'));
    await readDatabaseTime(db);
    const difference = now().getTime() - (await readDatabaseTime(db)).getTime();
    expect(Math.abs(difference)).toBeLessThan(1_000);
  } finally {
    await db.destroy();
  }
});
