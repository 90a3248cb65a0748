import { type DueLoop, startDueLoop } from '../due-loop.ts';
import { expireApproval } from '../runs/control.ts';
import { drive } from '../runs/drive/runner.ts';
import type { Engine } from '../runs/engine.ts';
import { listOverdueApprovals } from '../store/runs/approvals.ts';
import { listDueRuns } from '../store/runs/leases.ts';

const approvalsAtOnce = 5;

/**
 * MySQL decides: whatever is due there is driven, even when Redis was wiped or never answers. Also ends approvals whose
 * time is over.
 */
export function startRecoverLoop(
  deps: Engine,
  { everyMs, concurrency }: { everyMs: number; concurrency: number },
): DueLoop {
  return startDueLoop({
    name: 'recover',
    log: deps.log,
    everyMs,
    kinds: [
      {
        what: 'run',
        list: (limit) => listDueRuns(deps.db, limit),
        handle: (runId) => drive(deps, runId),
        atOnce: concurrency,
      },
      {
        what: 'approval',
        list: (limit) => listOverdueApprovals(deps.db, limit),
        handle: (runId) => expireApproval(deps, runId),
        atOnce: approvalsAtOnce,
      },
    ],
  });
}
