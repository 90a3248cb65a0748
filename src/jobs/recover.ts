import { type ControlDeps, expireApproval } from '../runs/control.ts';
import { drive } from '../runs/drive/runner.ts';
import type { RunnerDeps } from '../runs/drive/runner-deps.ts';
import { listOverdueApprovals } from '../store/runs/approvals.ts';
import { listDueRuns } from '../store/runs/leases.ts';

/**
 * MySQL is the truth: whatever is due there is driven even when Redis was wiped or never answers. Also ends approvals
 * whose time is over.
 */
export function startRecoverLoop(
  deps: RunnerDeps,
  control: ControlDeps,
  options: { everyMs: number; concurrency: number },
): { stop(): Promise<void> } {
  const driving = new Map<string, Promise<void>>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const start = (runId: string) => {
    const done = drive(deps, runId)
      .catch((err: unknown) => deps.log.error({ runId, err }, 'a recovered drive failed; it will be tried again'))
      .finally(() => driving.delete(runId));
    driving.set(runId, done);
  };
  const look = async () => {
    for (const runId of await listDueRuns(deps.db, options.concurrency * 4)) {
      if (stopped || driving.size >= options.concurrency) break;
      if (!driving.has(runId)) start(runId);
    }
    for (const { runId } of await listOverdueApprovals(deps.db)) {
      await expireApproval(control, runId).catch((err: unknown) =>
        deps.log.error({ runId, err }, 'could not end an approval; it will be tried again'),
      );
    }
  };
  const loop = async () => {
    try {
      await look();
    } catch (err) {
      deps.log.error({ err }, 'the recover loop could not ask the database; it goes on');
    }
    if (!stopped) {
      timer = setTimeout(() => {
        looking = loop();
      }, options.everyMs);
    }
  };
  let looking = loop();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await looking;
      await Promise.all(driving.values());
    },
  };
}
