/**
 * `npm run compare -- [part of a name]`: runs the usual script in a fresh world under each fault, and
 * prints what is left afterwards. docs/upgrade-scripts-compared.md is made of what it prints. Needs the right to mount, `ssh`,
 * `scp` and `mysql`.
 */
import process, { argv, stdout } from 'node:process';
import { readLeader } from '../demo/watch-cluster.ts';
import { connectSql } from '../world/sql.ts';
import { startWorld, type World } from '../world/start-world.ts';
import { cases, measure } from './cases.ts';

const wanted = argv[2] ?? '';

for (const each of cases.filter(({ name }) => name.includes(wanted))) {
  stdout.write(`\n${each.name}\n`);
  const world = await startWorld({ starwarden: false, slack: false, version: '3.4.6', speed: 20, ...each.options });
  try {
    await chooseOwnValue(world);
    for (const line of await measure(each, world)) stdout.write(`  ${line}\n`);
  } catch (error) {
    stdout.write(`  could not be measured: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await world.stop();
  }
}

/** Somebody has set this on purpose before: whether it is still so afterwards is a part of the comparison. */
async function chooseOwnValue(world: World): Promise<void> {
  const leader = await readLeader(world);
  const frontend = world.describe().cluster.frontends.find(({ name }) => name === leader);
  if (frontend === undefined) throw new Error(`the world has no frontend ${leader}`);
  const sql = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
  try {
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "2000")');
  } finally {
    sql.close();
  }
}
