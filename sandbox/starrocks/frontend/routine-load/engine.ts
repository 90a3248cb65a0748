import type { FrontendContext } from '../context.ts';
import { type Change, change, type RoutineLoad } from '../meta/state.ts';
import { reason } from './states.ts';

/** A round of the scheduler in StarRocks time; tasks come and go within it. */
export const routineLoadPeriodMs = 10_000;
const rowsPerSecond = 100;
const rowBytes = 80;

/**
 * One round on the leader: jobs that can run do so, rows come in from a Kafka that is not there (100 a second and partition), are
 * counted and kept nowhere. Rules: `kafka-away` (no partition can be listed: PAUSED, and again after RESUME), `kafka-bad-rows`
 * (`share` of the rows are errors: PAUSED when there are more than `max_error_number`), `kafka-lag` (nothing is loaded while
 * `perSecond` rows come).
 */
export async function runRoutineLoads(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader || fe.group.state.routineLoads.size === 0) return;
  await fe.group.update((state) => {
    const changes: Change[] = [];
    for (const [key, job] of state.routineLoads) {
      const next = nextOf(fe, job);
      if (next !== job) changes.push(change('routineLoads', key, next));
    }
    return { changes, value: null };
  });
}

function nextOf(fe: FrontendContext, job: RoutineLoad): RoutineLoad {
  if (job.state !== 'NEED_SCHEDULE' && job.state !== 'RUNNING') return job;
  const alive = [...fe.group.state.workers.values()].some((worker) => worker.alive);
  if (!alive) return { ...job, state: 'NEED_SCHEDULE' };
  if (fe.faults.strike('kafka-away', job.name) !== null) {
    const why = `failed to get partitions of topic: ${job.source.kafka_topic}, Local: Broker transport failure`;
    return paused(fe, job, reason(4, `Job failed to fetch all current partition with error [${why}]`));
  }
  return loaded(fe, job);
}

function loaded(fe: FrontendContext, job: RoutineLoad): RoutineLoad {
  const lag = fe.faults.strike('kafka-lag', job.name);
  const share = fe.faults.strike('kafka-bad-rows', job.name)?.share ?? 0;
  const come = Math.round(((lag?.perSecond ?? rowsPerSecond) * routineLoadPeriodMs) / 1000);
  const parts = Object.entries(job.progress).map(([partition, one]) => {
    const latest = one.latest + come;
    return [partition, lag === null ? { loaded: latest, latest, at: Date.now() } : { ...one, latest }] as const;
  });
  const taken = parts.reduce(
    (sum, [partition, { loaded: to }]) => sum + to - (job.progress[partition]?.loaded ?? 0),
    0,
  );
  const bad = Math.round(taken * share);
  count(fe, { taken, bad });
  const window = { rows: job.window.rows + taken, error: job.window.error + bad };
  const next: RoutineLoad = {
    ...job,
    state: 'RUNNING',
    reason: '',
    progress: Object.fromEntries(parts),
    rows: {
      loaded: job.rows.loaded + taken - bad,
      error: job.rows.error + bad,
      bytes: job.rows.bytes + taken * rowBytes,
    },
    window: window.rows > 10 * Number(job.properties.max_batch_rows ?? 200_000) ? { rows: 0, error: 0 } : window,
  };
  if (window.error <= Number(job.properties.max_error_number ?? 0)) return next;
  const told = `Current error rows: ${window.error}, max error num: ${job.properties.max_error_number ?? 0}`;
  return paused(fe, next, reason(102, `${told}. Check the 'TrackingSQL' field for detailed information.`));
}

function count({ metrics }: FrontendContext, { taken, bad }: { taken: number; bad: number }): void {
  if (taken === 0) return;
  metrics.transactionsBegun++;
  metrics.transactionsDone++;
  metrics.loadsAdded++;
  metrics.loadsFinished++;
  metrics.routineLoad.rows += taken - bad;
  metrics.routineLoad.errorRows += bad;
  metrics.routineLoad.bytes += taken * rowBytes;
}

export function paused(fe: FrontendContext, job: RoutineLoad, why: string): RoutineLoad {
  fe.metrics.routineLoad.paused++;
  return { ...job, state: 'PAUSED', pausedAt: Date.now(), reason: why };
}
