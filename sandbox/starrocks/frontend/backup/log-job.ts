import type { FrontendContext } from '../context.ts';
import { change, type Job } from '../meta/state.ts';

/** Writes the job to the journal; what is not logged is lost with the leader. */
export async function logJob(fe: FrontendContext, job: Job): Promise<void> {
  await fe.group.update(() => ({ changes: [change('jobs', job.dbId, job)], value: null }));
}
