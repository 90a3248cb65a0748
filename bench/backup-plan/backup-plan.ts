import { join } from 'node:path';
import { pollAfterMs } from '../../src/domain/backup/poll.ts';
import { type Bench, defineBenchmark } from '../lib/benchmark.ts';
import { round } from '../lib/statistics.ts';
import { prepareOurs } from './our-side.ts';
import { type IncrementalPlan, partitionsText } from './plan-shape.ts';
import { installStarrocksBr } from './starrocks-br-side.ts';
import { startPlanWorld } from './world.ts';

const mib = 1024 * 1024;
const sixHoursMs = 6 * 3_600_000;

/**
 * What it takes to plan: Starwarden an incremental backup of a large database and the retention of the policy with its whole
 * history, and starrocks-br, a tool from PyPI, the same incremental backup, from the same stand-in. Both plan in a process of
 * their own, which is loaded when the clock starts, and have to come to the very same partitions. The statements are counted
 * by the frontend, those that a client sends for its connection included.
 */
export const backupPlan = defineBenchmark({
  name: 'backup-plan',
  summary: 'What planning a backup policy takes, an incremental backup beside starrocks-br.',
  full: { tables: 1_000, partitionsPerTable: 100, changedPerTable: 5, backups: 10_000, databases: 20 },
  quick: { tables: 10, partitionsPerTable: 5, changedPerTable: 1, backups: 60, databases: 2 },
  limitSeconds: 300,
  measure: async (bench, { backups, databases, ...size }) => {
    await using undo = new AsyncDisposableStack();
    const world = await startPlanWorld({ dir: join(bench.dir, 'world'), ...size }, undo);
    const [ours, theirs] = [
      await prepareOurs(bench, world, { backups, databases }),
      await installStarrocksBr(bench, world),
    ];
    const { statements: theirStatements, value: br } = await world.countStatements('root', theirs.planIncremental);
    tell(bench, 'starrocks-br', { ...br, statements: theirStatements });
    const { statements, value: plan } = await world.countStatements(world.login.user, ours.plan);
    tell(bench, 'Starwarden', { ...plan.incremental, statements });
    bench.say(
      `with the retention of ${backups} backups: ${plan.wholeSeconds.toFixed(2)} s, ` +
        `${plan.deleted} would be deleted and ${plan.kept} stay`,
    );
    if (partitionsText(br) !== partitionsText(plan.incremental)) throw new Error('the two plans differ');
    return {
      seconds: round(plan.wholeSeconds),
      peakMb: round(plan.incremental.peakBytes / mib),
      incrementalSeconds: round(plan.incremental.seconds),
      incrementalCpuSeconds: round(plan.incremental.cpuSeconds),
      statements,
      starrocksBrSeconds: round(br.seconds),
      starrocksBrCpuSeconds: round(br.cpuSeconds),
      starrocksBrPeakMb: round(br.peakBytes / mib),
      starrocksBrStatements: theirStatements,
      pollsOfSixHours: pollsOf(sixHoursMs),
    };
  },
});

type Taken = IncrementalPlan & { readonly statements: number };

function tell({ say }: Bench, who: string, { seconds, cpuSeconds, peakBytes, partitions, statements }: Taken): void {
  const took = `${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of its own), ${Math.round(peakBytes / mib)} MB`;
  say(`${who}: ${partitions.length} partitions, ${statements} statements, ${took}`);
}

/** How often a job is looked at that takes so long. */
function pollsOf(takesMs: number): number {
  let polls = 0;
  for (let ageMs = 0; ageMs < takesMs; ageMs += pollAfterMs(ageMs)) polls += 1;
  return polls;
}
