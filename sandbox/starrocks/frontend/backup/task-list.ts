import type { BackendTask, TaskReport } from '../../contracts.ts';
import { javaText } from '../../rpc.ts';
import type { FrontendContext } from '../context.ts';
import { callBackend } from '../data/backends.ts';
import type { TaskList } from './jobs.ts';

export type TaskOrder = { id: string; backendId: number; task: BackendTask };

/** Sends the tasks. A backend that cannot be reached leaves its task unfinished, until the job times out. */
export async function sendTasks(fe: FrontendContext, list: TaskList, orders: TaskOrder[]): Promise<void> {
  list.unfinished.clear();
  list.progress.clear();
  list.errors.clear();
  for (const { id, backendId } of orders) list.unfinished.set(id, backendId);
  await Promise.all(
    orders.map(({ id, backendId, task }) =>
      callBackend(fe, backendId, 'startTask', task).catch((error: unknown) => list.errors.set(id, javaText(error))),
    ),
  );
}

/** Asks the backends how far they are; `onDone` gets the report of each task that ended well. */
export async function collectReports(
  fe: FrontendContext,
  list: TaskList,
  { prefix, onDone }: { prefix: string; onDone: (id: string, report: TaskReport) => void },
): Promise<void> {
  const byBackend = Map.groupBy(list.unfinished, ([, backendId]) => backendId);
  await Promise.all(
    [...byBackend].map(async ([backendId, tasks]) => {
      const ids = tasks.map(([id]) => id);
      const asked = callBackend(fe, backendId, 'taskReport', { taskIds: ids.map((id) => prefix + id) });
      const reply = await asked.catch(() => null);
      reply?.reports.forEach((report, at) => {
        const id = ids[at];
        if (id !== undefined) note(list, { id, report, onDone });
      });
    }),
  );
}

type Noted = { id: string; report: TaskReport; onDone: (id: string, report: TaskReport) => void };

function note(list: TaskList, { id, report, onDone }: Noted): void {
  if (report.state === 'done') {
    list.unfinished.delete(id);
    list.progress.delete(id);
    list.errors.delete(id);
    onDone(id, report);
    return;
  }
  if (report.state === 'running') list.progress.set(id, `${report.done}/${report.total}`);
  else if (!list.errors.has(id))
    list.errors.set(id, report.state === 'failed' ? report.error : 'task is lost, the backend was restarted');
}
