import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import { momentOf } from '../../../src/domain/backup/usable.ts';
import { LabDatabase, type Rows } from '../../helpers/backups/lab-database.ts';
import { comparable, wantedRows } from '../../helpers/backups/restored-rows.ts';
import type { FaultLab } from '../../operations/backup/fault-lab.ts';
import { startLab } from '../../operations/restore/restore-lab.ts';
import { changesOfDay, createTables, writeRows } from '../backups/life-of-tables.ts';

/*
 * The tables of three weeks of life are backed up after each change, in full once a week. Then points in time are drawn, and the
 * database is restored as of each: its rows are those that somebody kept who made every change.
 */

const days = 21;
const points = 20;

let lab: FaultLab;
let database: LabDatabase;
const taken: { readonly backup: Backup; readonly rows: Rows }[] = [];

beforeAll(async () => {
  lab = await startLab({ speed: 500 });
  const { sql } = lab.world;
  await sql.query('DROP DATABASE shop FORCE');
  database = new LabDatabase(sql, 'shop');
  await createTables(database);
  for (let day = 0; day < days; day += 1) {
    await changesOfDay(database, day);
    await writeRows(database, day, '03:00');
    taken.push({ backup: await lab.fire(day % 7 === 0 ? 'weekly' : 'daily'), rows: database.rows() });
  }
}, 300_000);
afterAll(() => lab?.close());

/** The same numbers in every run, from 0 to 1. */
function drawn(index: number): number {
  return (Math.sin(index * 12.9898 + 4.1414) * 43_758.5453) % 1;
}

it('brings the rows of any moment back, whatever happened to the tables before it', async () => {
  const { sql } = lab.world;
  for (let index = 0; index < points; index += 1) {
    const place = Math.floor(Math.abs(drawn(index)) * taken.length);
    const [chosen, next] = taken.slice(place, place + 2);
    if (chosen === undefined) throw new Error('no backup was drawn');
    const from = momentOf(chosen.backup);
    const until = next === undefined ? from + 1_000 : momentOf(next.backup);
    const at = new Date(from + Math.floor(Math.abs(drawn(index + 100)) * (until - from))).toISOString();
    const target = `point_${index}`;
    const input = { clusterId: lab.clusterId, database: 'shop', at, target };
    const run = await lab.ended((await lab.ask('restoreDatabase', input)).id);
    expect([run.state, run.failure], `${chosen.backup.id} at ${at}`).toEqual(['SUCCEEDED', null]);
    const names = (await sql.query(`SHOW TABLES FROM ${target}`)).map((row) => String(Object.values(row)[0]));
    const rows = new Map<string, (string | null)[][]>();
    for (const name of names)
      rows.set(
        name,
        (await sql.query(`SELECT * FROM ${target}.${name}`)).map((row) =>
          Object.values(row).map((cell) => (cell === null ? null : String(cell))),
        ),
      );
    expect(comparable(rows, chosen.rows), `${chosen.backup.id} at ${at}`).toEqual(wantedRows(chosen.rows));
    await sql.query(`DROP DATABASE ${target} FORCE`);
  }
}, 300_000);
