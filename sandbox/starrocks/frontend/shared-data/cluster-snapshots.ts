import type { FrontendContext } from '../context.ts';
import { createIds } from '../meta/ids.ts';
import { type Change, type ClusterState, change } from '../meta/state.ts';
import { isSharedData, storageVolumes } from './run-mode.ts';

/**
 * Automated cluster snapshots as StarRocks 3.5 has them: a job every `automated_cluster_snapshot_interval_seconds`, of whose
 * results only the newest is kept. No image is written anywhere: what is stood in for is what the statements and the two
 * tables of information_schema say.
 */
export type SnapshotJob = {
  id: number;
  name: string;
  volume: string;
  createdAt: number;
  /** -1 until it is finished; shown as the begin of 1970. */
  finishedAt: number;
  state: 'INITIALIZING' | 'SNAPSHOTING' | 'UPLOADING' | 'FINISHED' | 'EXPIRED' | 'DELETED' | 'ERROR';
  error: string;
  journalId: number;
};

const volumeKey = 'automatedSnapshotVolume';
const jobsKey = 'clusterSnapshotJobs';
const next = new Map<SnapshotJob['state'], SnapshotJob['state']>([
  ['INITIALIZING', 'SNAPSHOTING'],
  ['SNAPSHOTING', 'UPLOADING'],
  ['UPLOADING', 'FINISHED'],
]);

/** The volume that snapshots go to; null = they are off. */
export function snapshotVolume(state: ClusterState): string | null {
  const volume = state.settings.get(volumeKey) ?? '';
  return volume === '' ? null : volume;
}

/** In the order of their ids. */
export function snapshotJobs(state: ClusterState): readonly SnapshotJob[] {
  const text = state.settings.get(jobsKey);
  return text === undefined ? [] : JSON.parse(text); // as this process or an earlier leader wrote it
}

export function switchedOn(volume: string): Change[] {
  return [change('settings', volumeKey, volume)];
}

/** What is finished goes with it, and is gone from the store. */
export function switchedOff(state: ClusterState): Change[] {
  return [change('settings', volumeKey, ''), keep(snapshotJobs(state).map(deleted))];
}

/** Begins a job when one is due, and takes the one under way a step further. */
export function createSnapshotScheduler() {
  /** Jobs that this process began; those of an earlier leader break off. */
  const own = new Set<number>();
  return async (fe: FrontendContext): Promise<void> => {
    if (!fe.group.isLeader || !isSharedData(fe)) return;
    const volume = snapshotVolume(fe.group.state);
    const jobs = snapshotJobs(fe.group.state);
    const running = jobs.find(({ state }) => next.has(state));
    const last = jobs.at(-1);
    const intervalMs = fe.pace.ms(fe.config.number('automated_cluster_snapshot_interval_seconds') * 1000);
    const isDue = volume !== null && (last === undefined || Date.now() - last.createdAt >= intervalMs);
    if (running === undefined && !isDue) return;
    await fe.group.update((state) => {
      const now = snapshotJobs(state);
      const open = now.find((job) => next.has(job.state));
      if (open !== undefined)
        return { changes: [keep(stepped(fe, now, { open, isOwn: own.has(open.id) }))], value: null };
      const target = snapshotVolume(state);
      if (target === null) return { changes: [], value: null };
      const ids = createIds(state);
      const job = begun(fe, { id: ids.next(), volume: target });
      own.add(job.id);
      return { changes: [keep(trimmed(fe, [...now, job])), ids.change()], value: null };
    });
  };
}

function begun(fe: FrontendContext, { id, volume }: { id: number; volume: string }): SnapshotJob {
  const createdAt = Date.now();
  const name = `automated_cluster_snapshot_${createdAt}`;
  const common = { id, name, volume, createdAt, finishedAt: -1, journalId: fe.group.applied };
  return { ...common, state: 'INITIALIZING', error: '' };
}

function stepped(
  fe: FrontendContext,
  jobs: readonly SnapshotJob[],
  { open, isOwn }: { open: SnapshotJob; isOwn: boolean },
): SnapshotJob[] {
  const failure = isOwn
    ? uploadFailure(fe, open)
    : 'Snapshot job has been failed because of FE restart or leader change';
  if (failure !== null) return replaced(jobs, { ...open, state: 'ERROR', error: failure });
  const state = next.get(open.state) ?? open.state;
  if (state !== 'FINISHED') return replaced(jobs, { ...open, state });
  const finished = { ...open, state, finishedAt: Date.now() };
  return replaced(jobs, finished).map((job) => (job.id === finished.id ? job : deleted(job)));
}

/** An upload to a volume that is gone fails, as does one to a store that cannot be reached. */
function uploadFailure(fe: FrontendContext, { state, volume, name }: SnapshotJob): string | null {
  if (state !== 'UPLOADING') return null;
  const fault = fe.faults.strike('store-unreachable', name);
  if (fault !== null) return `upload image failed, err msg: ${fault.message ?? 'Unable to execute HTTP request'}`;
  return storageVolumes(fe).includes(volume) ? null : `upload image failed, err msg: Unknown storage volume: ${volume}`;
}

function deleted(job: SnapshotJob): SnapshotJob {
  return job.state === 'FINISHED' || job.state === 'EXPIRED' ? { ...job, state: 'DELETED' } : job;
}

function replaced(jobs: readonly SnapshotJob[], job: SnapshotJob): SnapshotJob[] {
  return jobs.map((each) => (each.id === job.id ? job : each));
}

function trimmed(fe: FrontendContext, jobs: readonly SnapshotJob[]): readonly SnapshotJob[] {
  const most = Math.max(fe.config.number('max_historical_automated_cluster_snapshot_jobs'), 2);
  const over = jobs.length - most;
  const ended = jobs.filter(({ state }) => state === 'DELETED' || state === 'ERROR').slice(0, Math.max(over, 0));
  return jobs.filter((job) => !ended.includes(job));
}

function keep(jobs: readonly SnapshotJob[]): Change {
  return change('settings', jobsKey, JSON.stringify(jobs));
}
