import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, readDatabaseTime } from '../../src/store/database.ts';
import { createMigratedDatabase } from '../helpers/services.ts';
import { createVirtualClock } from '../helpers/virtual-clock.ts';

const dayMs = 86_400_000;

let database: Awaited<ReturnType<typeof createMigratedDatabase>>;
beforeAll(async () => {
  database = await createMigratedDatabase();
});
afterAll(() => database.drop());

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
