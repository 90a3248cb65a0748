import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { restoreJobStates } from '../../../src/domain/topology.ts';
import type { FaultLab } from '../../operations/backup/fault-lab.ts';
import { startLab } from '../../operations/restore/restore-lab.ts';

/*
 * The leader is killed in each state that a restore goes through. It is slow enough here to be seen in each. Whatever state the
 * next leader takes it up in, the same rows are there at the end, and RESTORE was not sent for a job that went on.
 */

let lab: FaultLab;
beforeAll(async () => {
  lab = await startLab({ frontends: 3, speed: 12 });
  await lab.fire('weekly');
}, 240_000);
const stopped: { start(): void }[] = [];
afterEach(() => {
  for (const node of stopped.splice(0)) node.start();
});
afterAll(() => lab?.close());

const leader = async () => lab.world.cluster.connect(await lab.world.cluster.leader());

it.each(restoreJobStates.filter((state) => state !== 'FINISHED' && state !== 'CANCELLED'))(
  'a leader that is killed in %s is followed by one that brings the same back',
  async (state) => {
    const target = `copy_${state.toLowerCase()}`;
    const input = { clusterId: lab.clusterId, database: 'shop', tables: ['orders', 'users'], target };
    const old = await lab.world.cluster.leader();
    const sql = await lab.world.cluster.connect(old);
    const run = await lab.ask('restoreTables', input);
    const wanted = restoreJobStates.indexOf(state);
    const seen = await reached(async () => {
      const [job] = await sql.query(`SHOW RESTORE FROM ${target}`).catch(() => []);
      const at = restoreJobStates.map(String).indexOf(String(job?.State));
      return at >= wanted ? restoreJobStates[at] : undefined;
    });
    expect(seen).toBe(state);
    await old.stop('SIGKILL');
    stopped.push(old);
    expect(await lab.world.cluster.leader()).not.toBe(old);
    const ended = await lab.ended(run.id);
    expect([ended.state, ended.failure]).toEqual(['SUCCEEDED', null]);
    expect(ended.postCheck?.checks.every(({ observed }) => observed.startsWith('SAME: '))).toBe(true);
    const after = await leader();
    for (const table of ['orders', 'users'])
      expect(await after.query(`SELECT * FROM ${target}.${table} ORDER BY id`)).toEqual(
        await after.query(`SELECT * FROM shop.${table} ORDER BY id`),
      );
  },
  180_000,
);

async function reached<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error('it was never reached');
}
