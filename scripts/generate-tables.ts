import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate, openDatabase } from '../src/store/database.ts';
import { startServices } from './services.mjs';
import { notes } from './tables/notes.ts';
import { printTables } from './tables/print-tables.ts';
import { readColumns } from './tables/read-columns.ts';

/*
 * `npm run generate:tables` migrates an empty database of its own and writes what its tables are. Whether the file is as it
 * would be written is said by test/store/tables.test.ts.
 */

const path = 'src/store/generated/tables.ts';
const dir = mkdtempSync(join(tmpdir(), 'starwarden-tables-'));
const services = await startServices({ dir, redis: false, fast: true });
try {
  const db = openDatabase({ url: services.databaseUrl, poolSize: 1, answerMs: null });
  await migrate(db);
  await db.destroy();
  writeFileSync(
    fileURLToPath(new URL(`../${path}`, import.meta.url)),
    printTables(await readColumns(services.databaseUrl), notes),
  );
  process.stdout.write(`wrote ${path}\n`);
} finally {
  await services.stopHard();
  rmSync(dir, { recursive: true, force: true });
}
