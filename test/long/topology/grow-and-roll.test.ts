import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type QueryLoop, startQueryLoop } from '../../../sandbox/world/query-loop.ts';
import { connectSql, type Row } from '../../../sandbox/world/sql.ts';
import type { Run } from '../../../src/domain/run.ts';
import { type Away, awayIn, failuresInWords, isExcused } from '../../helpers/query-excuses.ts';
import { patientLease, startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';

const version = '3.3.15';
/** What a shared machine lacks and its stand-ins do without. */
const acceptChecks = ['open-files', 'user-processes'];
let lab: UpgradeLab;
let loop: QueryLoop;
const away: Away[] = [];

beforeAll(async () => {
  lab = await startUpgradeLab({ env: patientLease, version, spareHosts: 3, speed: 20 });
  await lab.addRelease({ version });
  loop = await startQueryLoop(lab.world);
}, 180_000);
afterAll(async () => {
  await loop?.stop();
  await lab?.close();
});

/** By plain SQL, at a frontend that lives. */
async function ask(text: string): Promise<Row[]> {
  const { world } = lab;
  const living = world.describe().cluster.frontends.find(({ name }) => world.pidOf(name) !== null);
  const sql = await connectSql({ host: living?.host ?? '', port: living?.queryPort ?? 0, user: 'root', password: '' });
  try {
    return await sql.query(text);
  } finally {
    sql.close();
  }
}

/** The rows of the demo tables, which nobody writes. */
async function seededRows(): Promise<Record<string, number>> {
  const { database, tables } = lab.world.describe().cluster;
  const counted = tables.map(async ({ name }) => {
    const [row] = await ask(`SELECT COUNT(*) AS n FROM ${database}.${name}`);
    return [name, Number(row?.n)] as const;
  });
  return Object.fromEntries(await Promise.all(counted));
}

async function carryOut(operation: string, input: Record<string, unknown>): Promise<Run> {
  const run = await lab.managed.ask(operation, { clusterId: lab.clusterId, ...input });
  const ended = await lab.work(run.id);
  expect(ended, `${operation}: ${JSON.stringify(ended.failure)}`).toMatchObject({ state: 'SUCCEEDED' });
  away.push(...(await awayIn(lab, run.id)));
  return ended;
}

/** A place on an empty host; all hosts of a world share one disk, so each takes a request of its own. */
function placeOn(name: string, part: 'fe' | 'be') {
  const { address, emptyDirs } = lab.managed.host(name);
  const data = join(emptyDirs.data, part);
  const where = part === 'fe' ? { metaDir: data } : { storage: [data] };
  return { hosts: [address], deployDir: join(emptyDirs.deploy, part), ...where, acceptChecks };
}

const backends = async () => (await ask('SHOW BACKENDS')).map(({ IP, Alive }) => `${IP} ${Alive}`);
const frontends = async () => (await ask('SHOW FRONTENDS')).map(({ Role, Alive }) => `${Role} ${Alive}`).toSorted();

it('grows from 3 to 5 backends and shrinks again, with every row there before, meanwhile and afterwards', async () => {
  const before = await seededRows();
  const three = await backends();
  for (const name of ['host1', 'host2']) await carryOut('addBackends', placeOn(name, 'be'));
  const five = await backends();
  expect(five).toHaveLength(5);
  expect(five.every((row) => row.endsWith(' true'))).toBe(true);
  expect(await seededRows()).toEqual(before);
  const tabletsOf = async (name: string) =>
    Number((await ask('SHOW BACKENDS')).find(({ IP }) => IP === lab.managed.host(name).address)?.TabletNum);
  for (const name of ['host1', 'host2'])
    await expect.poll(() => tabletsOf(name), { timeout: 30_000 }).toBeGreaterThan(0);
  const nodeIds = await Promise.all(['host1', 'host2'].map((name) => lab.managed.nodeIdOf(lab.clusterId, name)));
  await carryOut('decommissionBackends', { nodeIds, stallAfterSeconds: 5, stopTimeoutSeconds: 60 });
  expect(await backends()).toEqual(three);
  expect(['host1', 'host2'].flatMap((name) => lab.world.nodesOn(name).map(({ pid }) => pid))).toEqual([null, null]);
  expect(await seededRows()).toEqual(before);
  expect(loop.soFar().failed).toEqual([]);
}, 300_000);

it('gets a frontend more, loses its leader, and restarts whole: only queries of a node that is away fail', async () => {
  const before = await seededRows();
  await carryOut('addFrontends', { role: 'OBSERVER', ...placeOn('host3', 'fe') });
  expect(await frontends()).toEqual(['FOLLOWER true', 'FOLLOWER true', 'LEADER true', 'OBSERVER true']);

  const leader = (await ask('SHOW FRONTENDS')).find(({ Role }) => Role === 'LEADER');
  const name = lab.world.describe().cluster.frontends.find(({ host }) => host === leader?.IP)?.name ?? '';
  const killedAt = new Date();
  await lab.world.kill(name);
  await expect
    .poll(frontends, { timeout: 60_000 })
    .toEqual(['FOLLOWER false', 'FOLLOWER true', 'LEADER true', 'OBSERVER true']);
  await carryOut('startNodes', { nodeIds: [await lab.managed.nodeIdOf(lab.clusterId, name)] });
  away.push({ name, from: killedAt, until: new Date() });
  expect(await seededRows()).toEqual(before);

  const quick = { soakSeconds: 0, stopTimeoutSeconds: 60, gateTimeoutSeconds: 120, maxRunningQueries: 1000 };
  const rolled = await carryOut('rollingRestart', { all: true, ...quick, acceptWarnings: ['conf-changed'] });
  const restarted = await awayIn(lab, rolled.id);
  expect(restarted).toHaveLength(7);
  expect(await frontends()).toEqual(['FOLLOWER true', 'FOLLOWER true', 'LEADER true', 'OBSERVER true']);
  expect(await seededRows()).toEqual(before);

  const { queries, failed, rowsFound, confirmedRows, centsFound, confirmedCents, ...gaps } = await loop.stop();
  console.log('seconds that each node was away in the rolling restart:');
  console.table(
    Object.fromEntries(
      restarted.map(({ name: node, from, until }) => [node, (until.getTime() - from.getTime()) / 1_000]),
    ),
  );
  console.log(
    [
      `${queries} queries, ${failed.length} failed; ${rowsFound} of ${confirmedRows} rows found`,
      `longest time without an answer ${gaps.longestGapMs} ms, without a write ${gaps.longestWriteGapMs} ms`,
      ...failuresInWords(failed),
    ].join('\n'),
  );
  expect({ rowsFound, centsFound }).toEqual({ rowsFound: confirmedRows, centsFound: confirmedCents });
  expect(failed.filter((query) => !isExcused(query, away))).toEqual([]);
}, 400_000);
