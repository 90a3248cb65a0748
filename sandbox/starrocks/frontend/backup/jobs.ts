import type { Job, JobStatus } from '../meta/state.ts';

/** The tasks of one job in one state. An entry goes away when its task is done; a failed one stays, with its text. */
export type TaskList = {
  unfinished: Map<string, number>;
  progress: Map<string, string>;
  errors: Map<string, string>;
};

export function emptyTaskList(): TaskList {
  return { unfinished: new Map(), progress: new Map(), errors: new Map() };
}

/** A job as the leader sees it: ahead of the journal while it is in a state that is not logged. */
export type LiveJob = { job: Job; tasks: TaskList };

export const okStatus: JobStatus = { code: 'OK', message: '' };

/** A job that failed for a reason that its Status must tell. */
export class JobFailure extends Error {
  readonly status: JobStatus;

  constructor(code: string, message: string) {
    super(message);
    this.status = { code, message };
  }
}

export function isDone(job: Job): boolean {
  return job.state === 'FINISHED' || job.state === 'CANCELLED';
}
