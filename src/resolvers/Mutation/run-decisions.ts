import {
  approveRun as approve,
  type ControlDeps,
  type ControlRequest,
  cancelRun,
  pauseRun,
  rejectRun,
  resumeRun,
  retryRun,
  undoRun,
} from '../../operations/control.ts';
import type { Run } from '../../store/run-rows.ts';
import type { RequestContext } from '../request-context.ts';
import { checkComment, withUserErrors } from '../user-errors.ts';

type Arguments = { readonly id: string; readonly comment?: string | null; readonly planHash?: string | null };
type Decide = (deps: ControlDeps, request: ControlRequest & { planHash?: string | null }) => Promise<Run>;

/** What a person decides about a run: the same functions that Slack's buttons call. */
export const runDecisions = {
  approveRun: decision(approve),
  rejectRun: decision(rejectRun),
  cancelRun: decision(cancelRun),
  pauseRun: decision(pauseRun),
  resumeRun: decision(resumeRun),
  retryRun: decision(retryRun),
  undoRun: decision(undoRun),
};

function decision(decide: Decide) {
  return (_: unknown, { id, comment, planHash }: Arguments, { deps, actor, requestId }: RequestContext) =>
    withUserErrors({ run: null }, async () => ({
      run: await decide(deps.control, {
        runId: id,
        actor,
        comment: checkComment(comment),
        planHash: planHash ?? null,
        requestId,
      }),
    }));
}
