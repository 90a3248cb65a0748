import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type QueryLoop, startQueryLoop } from '../../../sandbox/world/query-loop.ts';
import type { FailedQuery } from '../../../sandbox/world/query-tally.ts';
import { connectSqlWhenUp } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { ssh } from '../../sandbox/world/ssh.ts';

let world: World;
let loop: QueryLoop | null = null;
beforeAll(async () => {
  world = await startWorld({ frontends: 3, backends: 3, version: '3.4.6', speed: 40, starwarden: false, slack: false });
});
afterAll(async () => {
  await loop?.stop();
  await world?.stop();
});

async function begin(): Promise<QueryLoop> {
  loop = await startQueryLoop(world, { everyMs: 20 });
  return loop;
}

async function roleOf(name: string): Promise<string> {
  const frontend = world.describe().cluster.frontends.find((one) => one.name === name);
  const url = `http://${frontend?.host}:${frontend?.httpPort}/api/show_meta_info?action=SHOW_HA`;
  const answer: unknown = await fetch(url)
    .then((response) => response.json())
    .catch(() => null);
  return answer !== null && typeof answer === 'object' ? String(Reflect.get(answer, 'role')) : 'none';
}

const frontends = ['fe1', 'fe2', 'fe3'];

/** The name of the frontend that says it leads, once one does. */
async function leaderName(): Promise<string> {
  const find = async () => {
    const roles = await Promise.all(frontends.map(async (name) => ({ name, role: await roleOf(name) })));
    return roles.find(({ role }) => role === 'LEADER')?.name ?? null;
  };
  await expect.poll(find).not.toBeNull();
  return (await find()) ?? leaderName();
}

/** Runs one of the scripts of a node over SSH, as an operator would. */
async function script(name: string, command: string): Promise<void> {
  const host = world.describe().hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  const { exitCode, stderr } = await ssh(host, `${host.deployDirs.be ?? host.deployDirs.fe}/bin/${command}`);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
}

it('finds every row that was confirmed, and no failure, while a backend is stopped with care and comes back', async () => {
  const running = await begin();
  await expect.poll(() => running.soFar().queries).toBeGreaterThan(20);
  await script('be1', 'stop_be.sh -g');
  await sleep(500);
  await world.start('be1');
  await sleep(500);
  const report = await running.stop();
  expect(report.failed).toEqual([]);
  expect(report.queries).toBeGreaterThan(50);
  expect(report.confirmedRows).toBeGreaterThan(50);
  expect(report.rowsFound).toBe(report.confirmedRows);
  expect(report.centsFound).toBe(report.confirmedCents);
  expect(report.written).toBe(report.confirmedRows);
  expect(await running.stop()).toBe(report);
});

/** What a follower says of a write that it passed on to a leader that was going. */
const leaderGone = /^(Environment is closed\.|Socket is closed by peer\.|java\.net\.\w+: Connection (refused|reset))$/;

it('loses nothing but what was sent to the leader itself, or passed on to it, while the leader hands over and leaves', async () => {
  const running = await begin();
  const leader = await leaderName();
  await script(leader, 'stop_fe.sh -g');
  expect(await leaderName()).not.toBe(leader);
  await world.start(leader);
  const report = await running.stop();
  const isPassedOn = ({ kind, message }: FailedQuery) => kind === 'write' && leaderGone.test(message);
  expect(report.failed.filter((query) => query.frontend !== leader && !isPassedOn(query))).toEqual([]);
  expect(report.rowsFound).toBe(report.confirmedRows);
});

it('keeps every confirmed row when most frontends are killed, and says what failed and what was down', async () => {
  const running = await begin();
  await expect.poll(() => running.soFar().queries).toBeGreaterThan(20);
  await Promise.all([world.kill('fe2'), world.kill('fe3')]);
  const isTold = () =>
    running.soFar().failed.some(({ kind, nodesDown }) => kind === 'write' && nodesDown.join() === 'fe2,fe3');
  // One of three can be asked and cannot lead: no write can be confirmed until another is back.
  await expect.poll(isTold).toBe(true);
  await Promise.all([world.start('fe2'), world.start('fe3')]);
  const report = await running.stop();
  expect(report.rowsFound).toBe(report.confirmedRows);
  expect(report.centsFound).toBe(report.confirmedCents);
  for (const { code } of report.failed) expect(code).toMatch(/^(1064|PROTOCOL_CONNECTION_LOST|ECONNRESET|EPIPE)$/);
  expect(report.longestWriteGapMs).toBeGreaterThan(500);
});

it('counts a query that was refused, and sends the batch again', async () => {
  const running = await begin();
  const [frontend] = world.describe().cluster.frontends;
  await world.faults.add({
    kind: 'sql-error',
    frontend: frontend?.host,
    match: '^INSERT',
    code: 1064,
    message: 'no',
    times: 1,
  });
  await expect.poll(() => running.soFar().failed.length).toBeGreaterThan(0);
  const report = await running.stop();
  await world.faults.clear();
  expect(report.failed).toMatchObject([{ kind: 'write', frontend: 'fe1', code: '1064', message: 'no', nodesDown: [] }]);
  expect(report.rowsFound).toBe(report.confirmedRows);
});

it('takes a wrong answer for a failure', async () => {
  const { cluster } = world.describe();
  const [frontend] = cluster.frontends;
  const target = { host: frontend?.host ?? '', port: frontend?.queryPort ?? 0, user: 'root', password: '' };
  const sql = await connectSqlWhenUp(target, { timeoutMs: 10_000 });
  const running = await begin();
  await sql.query(`INSERT INTO ${cluster.database}.order_items VALUES (1, 1, 'ghost', 1)`).finally(() => sql.close());
  await expect.poll(() => running.soFar().failed.length).toBeGreaterThan(0);
  const [failure] = (await running.stop()).failed;
  expect(failure).toMatchObject({
    kind: 'read',
    code: 'WRONG_ANSWER',
    message: expect.stringContaining('order_items'),
  });
});
