import type { LabDatabase } from '../../helpers/backups/lab-database.ts';

/** What happens to the tables of a database in three weeks, beside the rows that are written all the time. */
type DayOfTables = (database: LabDatabase) => Promise<void>;

const row = (id: number, day: number) => [id, day, id * 7 + day];
const rowsOf = (first: number, count: number, day: number) =>
  Array.from({ length: count }, (_, index) => row(first + index, day));

/** `orders` has a partition for each week, `customers` a primary key; the others are plain. */
export async function createTables(database: LabDatabase): Promise<void> {
  await database.create();
  await database.createTable('orders', { days: [7, 14, 21] });
  await database.createTable('customers', { merges: true });
  await database.createTable('events');
  await database.createTable('logs');
  await database.createTable('rare');
  await database.insert('rare', rowsOf(1, 3, 0));
}

/** A few rows more before each backup, in whatever the day has. */
export async function writeRows(database: LabDatabase, day: number, time: string): Promise<void> {
  const hour = Number(time.slice(0, 2));
  await database.insert('events', rowsOf(day * 100 + hour, 2, day));
  if (hour === 3) {
    await database.insert('orders', rowsOf(day * 10, 5, day));
    await database.insert('customers', rowsOf(day % 4, 3, day));
  }
}

const changes: Readonly<Record<number, DayOfTables>> = {
  2: async (database) => {
    await database.createTable('visits');
    await database.insert('visits', rowsOf(1, 4, 2));
  },
  3: (database) => database.truncate('logs'),
  4: async (database) => {
    await database.insert('logs', rowsOf(40, 3, 4));
    await database.createTable('orders_new', { days: [7, 14, 21] });
    await database.insert('orders_new', rowsOf(4_000, 6, 4));
  },
  5: (database) => database.dropTable('visits'),
  6: async (database) => {
    await database.createTable('visits');
    await database.insert('visits', rowsOf(60, 2, 6));
  },
  8: (database) => database.swap('orders', 'orders_new'),
  9: async (database) => {
    await database.rename('logs', 'old_logs');
    await database.createTable('logs');
    await database.insert('logs', rowsOf(90, 2, 9));
  },
  11: (database) => database.addColumn('customers', 'points', 5),
  13: async (database) => {
    await database.addPartition('orders', 28);
    await database.dropPartition('orders', 7);
  },
  15: (database) => database.replacePartition('orders', 14, rowsOf(15_000, 4, 13)),
  16: (database) => database.swap('orders', 'orders_new'),
  17: (database) => database.truncate('orders_new'),
  19: (database) => database.dropTable('old_logs'),
};

export async function changesOfDay(database: LabDatabase, day: number): Promise<void> {
  await changes[day]?.(database);
}
