import type { FrontendContext } from '../context.ts';
import { createIds } from '../meta/ids.ts';
import { type Change, type ClusterState, change, type LoadJob } from '../meta/state.ts';

/** The real one keeps 1000; each is in every image. */
const keptLoads = 100;

export type ToldLoad = Pick<LoadJob, 'label' | 'dbId' | 'tableName' | 'rows' | 'createdAt'>;

/** One more row of SHOW LOAD; the oldest goes when there are too many. The id is of `ids`, whose change the caller makes. */
export function loadChanges(
  state: ClusterState,
  ids: ReturnType<typeof createIds>,
  { error = '', ...told }: ToldLoad & { error?: string },
): Change[] {
  const id = ids.next();
  const job: LoadJob = {
    ...told,
    id,
    error,
    state: error === '' ? 'FINISHED' : 'CANCELLED',
    finishedAt: Date.now(),
  };
  const oldest = state.loads.size < keptLoads ? undefined : [...state.loads.keys()][0];
  return [change('loads', id, job), ...(oldest === undefined ? [] : [change('loads', oldest, null)])];
}

/** The row of a load that failed. What fails here is told in the log: the load has its own error. */
export async function recordFailedLoad(fe: FrontendContext, told: ToldLoad & { error: string }): Promise<void> {
  const writing = fe.group.update((state) => {
    const ids = createIds(state);
    return { changes: [...loadChanges(state, ids, told), ids.change()], value: null };
  });
  await writing.catch((error: unknown) => fe.log('WARN', `load ${told.label} is not listed: ${String(error)}`));
}
