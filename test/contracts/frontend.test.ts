import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster, untilValue } from '../sandbox/starrocks/helpers/cluster.ts';
import { type Answer, createReplay, type Recorded, type Replay, readRecorded } from './replay.ts';

/** One cluster for all of it: each file goes on where the one before left the cluster. */
let cluster: TestCluster;
let replay: Replay;
beforeAll(async () => {
  cluster = await startCluster({
    version: '3.5.0',
    backends: 3,
    speed: 50,
    // A backend that leaves with nothing on it would be gone in no time here.
    conf: { sandbox_statistics_tables: 'true', drop_backend_after_decommission: 'false' },
  });
  // However fast or slow the machine is: a backup that was begun goes on until it is cancelled.
  cluster.setFaults([{ id: 'slow', kind: 'upload-delay', ms: 360_000_000 }]);
  replay = await createReplay(cluster);
});
afterAll(() => cluster?.stop());

const files = ['config', 'care', 'backup', 'loads', 'routine-loads', 'catalogs', 'access', 'topology'];
const recorded = new Map(files.map((file) => [file, readRecorded(`${file}.jsonl`)]));

it.each(files)('the stand-in answers as the recorded frontend: %s', async (file) => {
  // The recorded followers were there from the beginning; this one is only known, and would make each SET fail before.
  if (file === 'topology') await replay.send({ as: 'root', statement: 'ALTER SYSTEM ADD FOLLOWER "192.0.2.2:9010"' });
  const lines = recorded.get(file) ?? [];
  expect(lines.length).toBeGreaterThan(5);
  const differences: unknown[] = [];
  for (const line of lines) {
    const answer = await replay.send(line);
    if (!isSame(answer, line)) differences.push({ statement: line.statement, as: line.as, recorded: line, answer });
  }
  expect(differences).toEqual([]);
});

it('the stand-in makes twelve tables by itself, and lists them with sixty of the system', async () => {
  const rows = await untilValue(async () => {
    const all = await replay.root.query('SELECT TABLE_SCHEMA, PROPERTIES FROM information_schema.tables_config');
    return all.filter(({ TABLE_SCHEMA }) => TABLE_SCHEMA === '_statistics_').length === 12 ? all : null;
  }, 'twelve tables');
  const ofSystem = rows.filter(({ TABLE_SCHEMA }) => ['information_schema', 'sys'].includes(String(TABLE_SCHEMA)));
  expect(ofSystem).toHaveLength(60);
  expect(new Set(ofSystem.map(({ PROPERTIES }) => PROPERTIES))).toEqual(new Set(['']));
});

it('the stand-in fills the columns with cells of the recorded forms', async () => {
  const known = formatsByColumns();
  const odd: unknown[] = [];
  for (const statement of asked()) {
    const { columns, formats } = await replay.send({ statement, as: 'root' });
    if (columns === null) continue;
    for (const [at, seen] of formats.entries()) {
      const allowed = known.get(keyOf(columns))?.[at] ?? new Set();
      const isOpen = freeText.has(columns[at] ?? '') || [...allowed].every((one) => one === 'null' || one === 'empty');
      const wrong = isOpen ? [] : seen.filter((one) => !allowed.has(one));
      if (wrong.length > 0) odd.push({ statement, column: columns[at], wrong, allowed: [...allowed] });
    }
  }
  expect(odd).toEqual([]);
});

function isSame(answer: Answer, { columns, error }: Recorded): boolean {
  return JSON.stringify([answer.columns, answer.error]) === JSON.stringify([columns, error]);
}

/** What people and snapshots write, what differs with the setting that is asked for, and a drawing. */
const freeText = new Set(['Value', 'Default_value', 'Info', 'Details', 'Comment', 'Graph']);

/** Every statement that was answered with rows, once. */
function asked(): string[] {
  const lines = [...recorded.values()].flat();
  return [...new Set(lines.filter(({ columns }) => columns !== null).map(({ statement }) => statement))];
}

function formatsByColumns(): Map<string, Set<string>[]> {
  const known = new Map<string, Set<string>[]>();
  for (const { columns, formats } of [...recorded.values()].flat()) {
    if (columns === null) continue;
    const sets = known.get(keyOf(columns)) ?? columns.map(() => new Set<string>());
    for (const [at, seen] of formats.entries()) for (const one of seen) sets[at]?.add(one);
    known.set(keyOf(columns), sets);
  }
  return known;
}

function keyOf(columns: readonly string[]): string {
  return columns.join(' ');
}
